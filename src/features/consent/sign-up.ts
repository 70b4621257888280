import type { OrganizationKeys, Services } from "../../context.ts";
import { takeTurn } from "../../db/rate-limit.ts";
import { claim, once } from "../../db/write.ts";
import { type FieldError, invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import { readIdentifiers } from "../../kernel/identifier.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import {
  type Box,
  boxesOf,
  captureShown,
  chatToConfirm,
  findVersions,
  type OpenedPoint,
  openCollectionPoint,
  readCaptureToken,
} from "../collection/index.ts";
import { findPurposes } from "../organization/index.ts";
import { hashIdentifier } from "../subject/index.ts";
import { confirmationCode, sendConfirmation } from "./confirm.ts";
import { giveConsent, othersToken } from "./record-consents.ts";

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
    boxes: boxesOf(shown).map(({ wording, purposes, required }) => ({
      wording,
      purposes: [...purposes],
      required,
    })),
    privacyNoticeUrl: shown.privacyNoticeUrl,
    chatUrl: chatUrl ?? null,
  };
}

/** What a visitor did: ticked boxes of what a capture token says was shown, and gave a number or address. */
export interface SignUp {
  readonly captureToken: string;
  /** A phone with its country code; an e-mail address where the point asks for consent to e-mail. */
  readonly address: string;
  /** Which boxes, counted from 1. Undefined: the only one. */
  readonly boxes: readonly number[] | undefined;
  readonly ipAddress: string | undefined;
  /** What of the address the visitor has to themself (`addressOfOneCaller`). */
  readonly caller: string | undefined;
  readonly userAgent: string | undefined;
}

/** What a visitor is told, whoever's number it is and whatever stands against it. */
export interface SignedUp {
  /** Public id of the first consent event. */
  readonly reference: string;
  /** A ticked box asks for a purpose with double opt-in: nothing is sent before the owner confirms. */
  readonly mustConfirm: boolean;
  /** How the owner of the number confirms; undefined for e-mail, where a link goes out instead. */
  readonly confirmation: Confirmation | undefined;
}

export interface Confirmation {
  /** What the message must carry. */
  readonly code: string;
  /** The chat with these words written beforehand; undefined when the organization has no sender. */
  readonly chatWith: (words: string) => Promise<string | undefined>;
}

/** How a version names people: by an e-mail address, or by a phone. */
export function addressField(shown: { readonly channels: readonly string[] }): "email" | "phone" {
  return shown.channels[0] === "email" ? "email" : "phone";
}

/**
 * Records the yes of a visitor who ticked what a collection point shows: one event for each channel that the address reaches
 * and each purpose of the boxes that they ticked, in the version that their capture token names. The same sign-up sent twice is one.
 *
 * Anybody can type anybody's number. So it lifts no no: where one stands the yes waits until the owner confirms it, and the
 * answer does not tell whether one does.
 *
 * Throws `too_many_requests` (by address, and by number), and `invalid` with pointers: `/subject/…` for a number that cannot
 * be, `/provenance/captureToken` for a token that is old, altered or of another point or person, `/provenance/boxes` for
 * boxes that there are not and none at all, `/provenance/boxes/{n}` for one that is needed and was not ticked.
 */
export async function signUp(opened: OpenedPoint, input: SignUp): Promise<SignedUp> {
  const { ctx, point } = opened;
  if (input.caller !== undefined) {
    await takeTurn(ctx.services, "sign_up_address", input.caller, limits.signUpsOfAddress);
  }
  const capture = readCaptureToken(ctx, input.captureToken);
  const versions = capture?.collectionPointId === point.id ? await findVersions(ctx, [point.id]) : [];
  const shown = versions.find(({ version }) => version === capture?.version);
  const field = addressField(shown ?? opened.shown);
  const subject = { [field]: input.address };
  const [identifier] = readIdentifiers(subject).identifiers;
  const boxes = boxesOf(shown ?? opened.shown);
  const ticked = input.boxes ?? (boxes.length === 1 ? [1] : []);
  const wrong: FieldError[] = [
    ...(identifier === undefined ? [{ pointer: `/subject/${field}`, message: unreadable[field] }] : []),
    ...(shown === undefined ? [] : wrongBoxes(boxes, ticked)),
  ];
  if (wrong.length > 0 || identifier === undefined)
    throw new SaysoError("invalid", "The sign-up has values that cannot be taken; see errors.", {
      errors: wrong,
    });
  if (capture === undefined || shown === undefined) {
    throw invalid(
      "/provenance/captureToken",
      "Not a capture token of this collection point. Ask for a new one.",
    );
  }
  const hash = hashIdentifier(ctx, identifier);
  await takeTurn(ctx.services, "sign_up_number", `${ctx.organizationId}:${hash}`, limits.signUpsOfNumber);
  const agreed = boxes.flatMap((box, n) => (ticked.includes(n + 1) ? box.purposes : []));
  // One token, one number: whether two numbers are one person's is not told to whoever can type both.
  if (!(await claim(once(ctx, "sign-up", capture.tokenId, `${input.captureToken}:${hash}`))))
    throw othersToken();
  const recorded = [];
  // Whoever reads the mail has shown nothing about a number, and the other way round.
  const reached = shown.channels.filter((channel) => (channel === "email") === (field === "email"));
  for (const [channel, purpose] of reached.flatMap((each) => agreed.map((key) => [each, key] as const))) {
    recorded.push(
      await giveConsent(
        once(ctx, "sign-up", `${capture.tokenId}/${channel}/${purpose}`),
        {
          subject,
          channel,
          purpose,
          state: "given",
          provenance: {
            captureToken: input.captureToken,
            indication: "ticked",
            ipAddress: input.ipAddress,
            userAgent: input.userAgent,
            occurredAt: ctx.services.now().toISOString(),
            evidence: { boxesShown: boxes.length, boxesTicked: [...new Set(ticked)].sort((a, b) => a - b) },
          },
        },
        { by: "visitor" },
      ),
    );
  }
  const [first] = recorded;
  if (first === undefined) throw new SaysoError("internal", `${formatId("cpt", point.id)} asks for nothing.`);
  if (field === "email")
    await sendConfirmation(once(ctx, "sign-up", `${capture.tokenId}/${hash}`), {
      captureTokenId: capture.tokenId,
      reference: first.id,
      hash,
    });
  const purposes = await findPurposes(ctx, agreed);
  return {
    reference: first.id,
    mustConfirm: purposes.some(({ doubleOptIn }) => doubleOptIn),
    confirmation:
      field === "email"
        ? undefined
        : {
            code: confirmationCode(ctx, capture.tokenId, hash),
            chatWith: (words) => chatToConfirm(opened, words),
          },
  };
}

const unreadable = {
  phone: "Not a possible phone number with its country code.",
  email: "Not an e-mail address.",
} as const;

function wrongBoxes(boxes: readonly Box[], ticked: readonly number[]): FieldError[] {
  const pointer = "/provenance/boxes";
  if (ticked.some((number) => boxes[number - 1] === undefined))
    return [{ pointer, message: "There is no such box. They are counted from 1." }];
  const missing = boxes.flatMap(({ required }, n) => (required && !ticked.includes(n + 1) ? [n + 1] : []));
  if (missing.length > 0)
    return missing.map((number) => ({
      pointer: `${pointer}/${number}`,
      message: "Nothing goes without this box.",
    }));
  return ticked.length > 0 ? [] : [{ pointer, message: "No box was ticked." }];
}
