import type { OrganizationKeys, Services } from "../../context.ts";
import { takeTurn } from "../../db/rate-limit.ts";
import { invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import { canonicalPhone } from "../../kernel/identifier.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { keyedHash } from "../../kernel/seal.ts";
import {
  captureShown,
  findVersions,
  type OpenedPoint,
  openCollectionPoint,
  readCaptureToken,
} from "../collection/index.ts";
import { giveConsent } from "./record-consents.ts";

export type { OpenedPoint };

/**
 * Opens a collection point for a page of another site. Throws `not_found` when there is none, and `forbidden` when the
 * site is none of those that the point lists: only the browser says which site a page is of, and it does so with every
 * request of this kind (Fetch standard, `Origin`).
 */
export async function openForSite(
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  from: { publicKey: string; origin: string; requestId: string },
): Promise<OpenedPoint> {
  const opened = await openCollectionPoint(services, organizationKeys, from.publicKey, from.requestId);
  if (opened === undefined) throw notFound("collection point");
  if (!opened.point.origins.includes(from.origin)) {
    throw new SaysoError("forbidden", "This collection point does not list the site. Add it to its origins.");
  }
  return opened;
}

/** What a page of a listed site shows, and the token that proves it. The page must be of the site that asks. */
export function showOnSite(opened: OpenedPoint, origin: string, input: { pageUrl: string }) {
  if (!URL.canParse(input.pageUrl) || new URL(input.pageUrl).origin !== origin) {
    throw invalid("/pageUrl", "This is no page of the site that asks.");
  }
  const { point, shown, organization, chatUrl } = opened;
  return {
    ...captureShown(opened, input),
    kind: point.kind,
    organizationName: organization.name,
    version: shown.version,
    language: shown.language,
    wording: shown.wording,
    purposes: [...shown.purposes],
    privacyNoticeUrl: shown.privacyNoticeUrl,
    chatUrl: chatUrl ?? null,
  };
}

/** What a visitor did: ticked the box of what a capture token says, and gave a number. */
export interface SignUp {
  readonly captureToken: string;
  readonly phone: string;
  readonly ipAddress: string | undefined;
  /** What of the address the visitor has to themself (`addressOfOneCaller`). */
  readonly caller: string | undefined;
  readonly userAgent: string | undefined;
}

/**
 * Records the yes of a visitor who ticked what a collection point shows: one event for each purpose of the version that
 * their capture token names. The same sign-up sent twice is one. `requested`: it awaits a confirmation.
 *
 * Throws `too_many_requests` (by address, and by number), `invalid` for a number that cannot be, and for a token that is old, altered or of another point or person.
 */
export async function signUp(
  opened: OpenedPoint,
  input: SignUp,
): Promise<{ reference: string; state: string }> {
  const { ctx, point } = opened;
  if (input.caller !== undefined) {
    await takeTurn(ctx.services, "sign_up_address", input.caller, limits.signUpsOfAddress);
  }
  const canonical = canonicalPhone(input.phone);
  if (canonical === undefined)
    throw invalid("/subject/phone", "Not a possible phone number with its country code.");
  const capture = readCaptureToken(ctx, input.captureToken);
  const versions = capture?.collectionPointId === point.id ? await findVersions(ctx, [point.id]) : [];
  const shown = versions.find(({ version }) => version === capture?.version);
  if (capture === undefined || shown === undefined) {
    throw invalid(
      "/provenance/captureToken",
      "Not a capture token of this collection point. Ask for a new one.",
    );
  }
  const person = keyedHash(ctx.keys.lookup, `phone:${canonical}`).toString("base64url");
  await takeTurn(ctx.services, "sign_up_number", person, limits.signUpsOfNumber);
  const recorded = [];
  for (const purpose of shown.purposes) {
    recorded.push(
      await giveConsent(
        {
          ...ctx,
          idempotency: {
            key: `sign-up/${capture.tokenId}/${person}/${purpose}`,
            route: "sign-up",
            bodyHash: keyedHash(ctx.keys.data, input.captureToken),
          },
        },
        {
          subject: { phone: input.phone },
          channel: shown.channels[0] ?? "whatsapp",
          purpose,
          state: "given",
          provenance: {
            captureToken: input.captureToken,
            indication: "ticked",
            ipAddress: input.ipAddress,
            userAgent: input.userAgent,
            occurredAt: ctx.services.now().toISOString(),
          },
        },
      ),
    );
  }
  const [first] = recorded;
  if (first === undefined) throw new SaysoError("internal", `${formatId("cpt", point.id)} asks for nothing.`);
  const isPending = recorded.some(({ state }) => state !== "given");
  return { reference: first.id, state: isPending ? "requested" : "given" };
}
