import { timingSafeEqual } from "node:crypto";
import type { Context, Services } from "../../context.ts";
import { takeTurn } from "../../db/rate-limit.ts";
import { codeOf, readCode } from "../../kernel/code.ts";
import { readIdentifiers, readTypedPhone } from "../../kernel/identifier.ts";
import type { Language } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";
import { makeLinkToken, readLinkToken } from "../../kernel/link-token.ts";
import { deriveKey, keyedHash, open, seal } from "../../kernel/seal.ts";
import { canBeCounted, openableKinds, type RequestKind } from "../datarequest/index.ts";
import { prepareNotice } from "../notifier/index.ts";
import { stopMarketing } from "../optout/index.ts";
import type { OpenedOrganization } from "../organization/index.ts";
import { hashIdentifier } from "../subject/index.ts";
import { regimeOfCountry } from "./domain/regime-of-country.ts";
import { hashReference, referenceOf } from "./reference.ts";
import { insertCode, selectClaim, selectNewestCode, tryCode } from "./store.ts";

export { type OpenedOrganization, openNamedPage } from "../organization/index.ts";

/** Whom a request is about, as it was typed and read. */
export interface TypedAddress {
  readonly kind: "phone" | "email";
  /** E.164, or the address as it was typed. */
  readonly value: string;
  readonly canonical: string;
}

/** What somebody wants who typed an address. */
export interface Wish {
  readonly kind: RequestKind;
  readonly address: TypedAddress;
  readonly language: Language;
}

/**
 * The kinds of request that this page takes. What is wrong about data, and how it is right, nobody can tell by ticking a box:
 * staff take such a request.
 */
export function kindsOf(): RequestKind[] {
  return openableKinds.filter((kind) => kind !== "rectification");
}

/** Whether a request could be opened here: else a code would be sent, and the request would wait for what staff must set. */
export async function isAble({ ctx, organization }: OpenedOrganization): Promise<boolean> {
  const { country } = organization;
  return country !== null && canBeCounted(ctx, regimeOfCountry(country));
}

/** Takes one of the turns that a caller's address has. Throws `too_many_requests` when none is left. */
export function takeClaimTurn(services: Services, address: string): Promise<void> {
  return takeTurn(services, "privacy_address", address, limits.claimsPerAddress);
}

/** Reads what somebody typed: a number, one without a country code of the organization's country, or an e-mail address. */
export function readAddress(
  { organization }: Pick<OpenedOrganization, "organization">,
  typed: string,
): TypedAddress | undefined {
  const kind = /[@＠]/u.test(typed) ? "email" : "phone";
  const value =
    kind === "email" ? typed.normalize("NFKC").trim() : readTypedPhone(typed, organization.country);
  const [identifier] = value === undefined ? [] : readIdentifiers({ [kind]: value }).identifiers;
  return value === undefined || identifier === undefined
    ? undefined
    : { kind, value, canonical: identifier.canonical };
}

/** A claim that waits for its code. */
export interface OpenClaim {
  /** Goes along in the form, never in an address. */
  readonly token: string;
  readonly wish: Wish;
}

/**
 * Takes what somebody wants, and sends a code to the address that they typed, whether anybody is known by it or not: who
 * is not there gets an answer, too. An objection to marketing holds at once, as at `/stop`, with or without the code.
 * Undefined when the address has had too many codes of late. Throws `too_many_requests` when the organization sends too many
 * codes just now, or was told too often to stop.
 */
export async function makeClaim(opened: OpenedOrganization, wish: Wish): Promise<OpenClaim | undefined> {
  const { ctx } = opened;
  if (wish.kind === "objection") await stopMarketing(opened, { hash: hashIdentifier(ctx, wish.address) });
  const claimId = ctx.services.newId("clm");
  const sealed = seal(claimKey(ctx), placeOf(claimId), Buffer.from(JSON.stringify(wish)));
  const referenceSha256 = hashReference(referenceOf(ctx, claimId));
  const isMade = await sendCode(opened, claimId, wish, { sealed, referenceSha256 });
  return isMade ? { token: tokenOf(ctx, claimId), wish } : undefined;
}

/** The claim that a form brought along; undefined when it is over, proven, altered, or another organization's. */
export async function openClaim({ ctx }: OpenedOrganization, token: string) {
  const content = readLinkToken(tokenKey(ctx), tokenUse, ctx.organizationId, token) as
    | { readonly claimId: string }
    | undefined;
  const row = content && (await selectClaim(ctx, content.claimId));
  if (row === undefined) return undefined;
  return {
    id: row.id,
    isProven: row.provenAt !== null,
    claim: row.sealed === null ? undefined : { token, wish: openWish(ctx, row.id, row.sealed) },
  };
}

/** Sends a new code for a claim; older ones are good no more. False: the address has had too many of late. */
export function sendAgain(opened: OpenedOrganization, claimId: string, wish: Wish): Promise<boolean> {
  return sendCode(opened, claimId, wish);
}

async function sendCode(
  { ctx, organization }: OpenedOrganization,
  claimId: string,
  wish: Wish,
  claim?: { readonly sealed: Buffer; readonly referenceSha256: Buffer },
): Promise<boolean> {
  await takeTurn(ctx.services, "privacy_codes", ctx.organizationId, limits.codesOfOrganization);
  const id = ctx.services.newId("idc");
  const notice = prepareNotice(
    ctx,
    {
      kind: "identity_code",
      to: { kind: wish.address.kind, value: wish.address.value },
      language: wish.language,
      organizationName: organization.name,
      code: secretOf(ctx, id),
      minutes: limits.identityCodeLifeSeconds / 60,
    },
    limits.identityCodeLifeSeconds,
  );
  const addressHash = keyedHash(deriveKey(ctx.keys.data, "identity_address"), wish.address.canonical);
  const made = await insertCode(
    ctx,
    { id, claimId, addressHash: addressHash.toString("hex"), notice },
    claim,
  );
  return made !== undefined;
}

export type Proof =
  | { readonly outcome: "proven" }
  | { readonly outcome: "unreadable" | "missing" }
  | { readonly outcome: "wrong"; readonly triesLeft: number }
  /** There is no code that can be tried: it is too old, used, or no try is left. */
  | { readonly outcome: "none" };

/**
 * Takes the code that somebody typed for a claim: its newest one, once, for ten minutes and five tries; every guess takes a
 * try in the statement that decides about it. A right one has the request opened by a job that is queued with it.
 */
export async function proveClaim(ctx: Context, claimId: string, typed: string): Promise<Proof> {
  if (typed.trim() === "") return { outcome: "missing" };
  const code = readCode(typed);
  if (code === undefined) return { outcome: "unreadable" };
  const id = await selectNewestCode(ctx, claimId);
  if (id === undefined) return { outcome: "none" };
  const isRight = timingSafeEqual(Buffer.from(code), Buffer.from(secretOf(ctx, id)));
  const tried = await tryCode(ctx, { id, claimId, isRight });
  if (tried === undefined) return { outcome: "none" };
  if (isRight) return { outcome: "proven" };
  return tried.tries_left === 0 ? { outcome: "none" } : { outcome: "wrong", triesLeft: tried.tries_left };
}

/** What a claim is about (uuid), as it was sealed. */
export function openWish(ctx: Context, claimId: string, sealed: Buffer): Wish {
  return JSON.parse(open(claimKey(ctx), placeOf(claimId), sealed).toString("utf8")) as Wish;
}

/** Derived from the id under a key of the organization's, so that no code is stored. */
function secretOf(ctx: Context, codeId: string): string {
  return codeOf(keyedHash(deriveKey(ctx.keys.data, "identity_code"), codeId));
}

const tokenUse = "request_claim";
const tokenKey = ({ keys }: Context) => deriveKey(keys.data, tokenUse);
const tokenOf = (ctx: Context, claimId: string) =>
  makeLinkToken(tokenKey(ctx), tokenUse, ctx.organizationId, { claimId });
const claimKey = ({ keys }: Context) => deriveKey(keys.data, "request_claim_content");
const placeOf = (claimId: string) => `request_claim:${claimId}`;
