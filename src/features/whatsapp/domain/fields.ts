import { z } from "zod";
import { webhookFields } from "../../../kernel/webhook-fields.ts";
import { platformId } from "./reading.ts";

/** A field of the webhooks, and the WhatsApp Business Account that it came for. */
export interface HeardField {
  readonly wabaId: string;
  readonly field: string;
}

const bodySchema = z.object({
  object: z.literal("whatsapp_business_account"),
  entry: z.array(z.unknown()),
});
const entrySchema = z.object({ id: platformId, changes: z.array(z.unknown()) });
const changeSchema = z.object({ field: z.enum(webhookFields) });

/** The fields that a webhook body brings, each once for an account. What cannot be read, or has no effect, is none. */
export function fieldsIn(body: unknown): readonly HeardField[] {
  const heard = (bodySchema.safeParse(body).data?.entry ?? []).flatMap((entry) => {
    const { id, changes } = entrySchema.safeParse(entry).data ?? { id: "", changes: [] };
    return changes.flatMap((change) => {
      const { field } = changeSchema.safeParse(change).data ?? {};
      return field === undefined ? [] : [{ wabaId: id, field }];
    });
  });
  return [...new Map(heard.map((each) => [`${each.wabaId} ${each.field}`, each])).values()];
}
