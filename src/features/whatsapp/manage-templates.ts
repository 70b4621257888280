import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { type RecordedTemplate, selectTemplates, upsertTemplate } from "./store.ts";

export interface TemplateInput {
  readonly wabaId: string;
  readonly name: string;
  readonly language: string;
  readonly category: string;
  readonly status: string;
}

/** Records a template as it is now; the same name and language again changes it. Webhooks keep it up to date. */
export async function recordTemplate(ctx: Context, input: TemplateInput) {
  const id = ctx.services.newId("tpl");
  const change = { ...input, id, at: ctx.services.now().toISOString() };
  const row =
    (await replay<RecordedTemplate>(ctx)) ?? (await upsertTemplate(ctx, change, formatId("tpl", id)));
  if (row === undefined) {
    throw new SaysoError(
      "conflict",
      "The platform's webhook said something newer of this template meanwhile.",
    );
  }
  const { wabaId, name, language } = input;
  return {
    id: formatId("tpl", row.id),
    wabaId,
    name,
    language,
    category: row.category,
    status: row.status,
    createdAt: new Date(row.created_at).toISOString(),
  };
}

export async function listTemplates(ctx: Context, cursor: string | undefined, limit: number) {
  return (await selectTemplates(ctx, cursor, limit)).map((row) => ({
    id: formatId("tpl", row.id),
    wabaId: row.wabaId,
    name: row.name,
    language: row.language,
    category: row.category,
    status: row.status,
    createdAt: row.createdAt.toISOString(),
  }));
}
