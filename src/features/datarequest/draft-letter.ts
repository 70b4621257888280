import type { Context } from "../../context.ts";
import { violatedUnique } from "../../db/database.ts";
import { answerOnce } from "../../db/write.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";
import { getOrganization } from "../organization/index.ts";
import { readPeople } from "../subject/index.ts";
import { deliveryUrl } from "./create-delivery.ts";
import type { RequestKind } from "./domain/kind.ts";
import {
  assertTellable,
  type Draft,
  edited,
  groundedRefusals,
  type LetterContent,
  type Remainder,
} from "./domain/letter.ts";
import { insertDraft, type NewLetter, selectLetters, selectOpenDelivery } from "./letter-store.ts";
import { getLetter } from "./present-letter.ts";
import { findRequest } from "./present-request.ts";
import { findRegime } from "./regimes.ts";
import { sealDraft } from "./sealed-draft.ts";
import { evidenceKeyOf } from "./sealed-text.ts";
import type { DataRequestRow } from "./store.ts";
import { letterLanguage, writeLetter } from "./write-letter.ts";

/** A letter that staff write; those of a refusal and an extension come with these steps. */
export type LetterInput = { readonly language?: Language | undefined } & (
  | { readonly kind: "receipt" }
  | { readonly kind: "identity_needed"; readonly how?: string | undefined }
  | { readonly kind: "clarification"; readonly question: string }
  | { readonly kind: "ready" }
  | { readonly kind: "erasure_done"; readonly erasedOn: string; readonly stays: readonly Remainder[] }
  | { readonly kind: "restriction_lifted"; readonly liftedOn: string; readonly reason: string }
  | { readonly kind: "done"; readonly what: string }
);

/**
 * Writes a letter to the person from the request's facts, as a draft that staff may change and then send. Throws
 * `not_found`; `conflict` when it would say what is not so, or a draft of its kind is there; `invalid` when the
 * organization has not said whom to write to, or where to complain.
 */
export async function draftLetter(ctx: Context, requestId: string, input: LetterInput) {
  const drafted = await answerOnce(ctx, async () => {
    const request = await findRequest(ctx, requestId);
    assertTellable(input.kind, request);
    if ((await selectLetters(ctx, request.id)).length >= limits.lettersOfRequest) {
      throw new SaysoError("conflict", `A request has at most ${limits.lettersOfRequest} letters.`);
    }
    const made = await prepareLetter(ctx, request, await contentOf(ctx, request, input), {
      language: input.language,
    });
    try {
      const row = await insertDraft(ctx, request.id, made);
      if (row === undefined) throw new SaysoError("internal", "The letter was not drafted.");
      return row;
    } catch (error) {
      if (violatedUnique(error) === undefined) throw error;
      throw new SaysoError("conflict", "There is a draft of this kind already. Change, send or discard it.");
    }
  });
  return getLetter(ctx, requestId, formatId("let", drafted.id));
}

async function contentOf(ctx: Context, request: DataRequestRow, input: LetterInput): Promise<LetterContent> {
  if (input.kind !== "ready") return input;
  const delivery = await selectOpenDelivery(ctx, request.id);
  if (delivery === undefined) {
    throw new SaysoError(
      "conflict",
      "The link is over. Make a new delivery first: this letter tells its link.",
    );
  }
  return { kind: "ready", url: deliveryUrl(ctx, delivery.id), until: delivery.expiresAt };
}

/**
 * A letter that is ready to be stored by `draftParts`, in the statement of the step that it belongs to. `request` is as
 * it will be after the step. `neededBy`: the person must have it by then. Throws as `draftLetter` does, and `invalid`
 * for a refusal without the provision that its law wants named.
 */
export async function prepareLetter(
  ctx: Context,
  request: Pick<
    DataRequestRow,
    "id" | "subjectId" | "kind" | "regime" | "language" | "receivedAt" | "lastDay"
  >,
  content: LetterContent,
  options: { readonly language?: Language | undefined; readonly neededBy?: Date | undefined } = {},
): Promise<NewLetter> {
  if (
    content.kind === "refusal" &&
    content.legalGround === undefined &&
    groundedRefusals.has(request.regime)
  ) {
    throw invalid("/legalGround", "Under this law a refusal names the provision that it rests on.");
  }
  const language = options.language ?? letterLanguage(request.language);
  const [organization, people, key] = await Promise.all([
    getOrganization(ctx),
    readPeople(ctx, [request.subjectId]),
    evidenceKeyOf(ctx, request),
  ]);
  const written = writeLetter(
    {
      language,
      reference: formatId("req", request.id),
      requestKind: request.kind as RequestKind,
      receivedAt: request.receivedAt,
      lastDay: request.lastDay,
      regime: request.regime,
      law: findRegime(request.regime)?.name[language] ?? request.regime,
      organization,
    },
    content,
  );
  const identifiers = people.get(request.subjectId)?.identifiers ?? [];
  const addresses = identifiers.filter(({ kind }) => kind === "email").map(({ value }) => value);
  const draft: Draft = edited({ ...written, mustSay: [...written.mustSay], addresses }, {});
  const id = ctx.services.newId("let");
  return {
    id,
    kind: content.kind,
    language,
    neededBy: options.neededBy,
    sealed: sealDraft(key, id, draft),
  };
}
