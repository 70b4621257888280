import type { Context } from "../../context.ts";
import { once } from "../../db/write.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { findHeardYes } from "../collection/index.ts";
import { giveConsent } from "./record-consents.ts";

/** A message of a person, as the platform tells it. Ids are uuids. */
export interface HeardMessage {
  readonly subjectId: string;
  readonly senderId: string;
  readonly text: string;
  readonly messageId: string;
  readonly at: string;
}

/**
 * Takes a message that says what a collection point hears as a yes for one: the person's own doing, with the message as
 * its proof. Told twice it is one. The message must be on record before; one that is not kept any more proves nothing. A
 * no of the same second or later stands, and a purpose with double opt-in waits for a second message.
 */
export async function consentByMessage(ctx: Context, message: HeardMessage): Promise<void> {
  const { senderId, text, messageId } = message;
  const at = new Date(Math.min(Date.parse(message.at), ctx.services.now().getTime()));
  const heard = await findHeardYes(ctx, { senderId, text, at });
  const purpose = heard?.shown.purposes[0];
  if (heard === undefined || purpose === undefined) return;
  try {
    await giveConsent(
      once(ctx, "hear", `${heard.point.id}/${messageId}`),
      {
        subject: { subjectId: formatId("sub", message.subjectId) },
        channel: "whatsapp",
        purpose,
        state: "given",
        provenance: {
          collectionPointId: formatId("cpt", heard.point.id),
          version: heard.shown.version,
          indication: "wrote",
          language: heard.shown.language,
          occurredAt: at.toISOString(),
          evidence: { messageId },
        },
      },
      { by: "writer" },
    );
  } catch (error) {
    // The rest of the webhook stands; what cannot be proven is no yes.
    if (!(error instanceof SaysoError && error.code === "invalid")) throw error;
    ctx.services.log.info({ errors: error.errors }, "a message that would be a yes proves none");
  }
}
