import { and, asc, desc, eq, gt, inArray } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { write } from "../../db/write.ts";
import { limits } from "../../kernel/limits.ts";
import type { CustomSchema } from "./custom-schema.ts";
import { accountSection, customSection } from "./tables.ts";

export type AccountSectionRow = typeof accountSection.$inferSelect;
export type CustomSectionRow = Omit<typeof customSection.$inferSelect, "schema"> & { schema: CustomSchema };

/**
 * Stores a person's section, in place of what any of their merged records had there. No row: all sections together
 * would be larger than a person's may be.
 */
export async function replaceSection(
  ctx: Context,
  made: { subjectId: string; section: string; sealed: Buffer },
  entity: string,
) {
  return write<{ updated_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "fitting",
        sql`select 1 as one
          from account_section a join subject s on s.organization_id = a.organization_id and s.id = a.subject_id
          where a.organization_id = ${ctx.organizationId}::uuid and s.root_id = ${made.subjectId}::uuid
            and a.section <> ${made.section}
          having coalesce(sum(octet_length(a.sealed)), 0) + ${made.sealed.length}::int <= ${limits.accountDataBytes}::int`,
      ],
      [
        "removed",
        sql`delete from account_section a using subject s
          where a.organization_id = ${ctx.organizationId}::uuid and a.section = ${made.section}
            and s.organization_id = a.organization_id and s.id = a.subject_id
            and s.root_id = ${made.subjectId}::uuid and s.id <> s.root_id and exists (select from fitting)
          returning a.subject_id`,
      ],
      [
        "stored",
        sql`insert into account_section (organization_id, subject_id, section, sealed)
          select ${ctx.organizationId}::uuid, ${made.subjectId}::uuid, ${made.section}, ${made.sealed}::bytea from fitting
          on conflict (organization_id, subject_id, section) do update
            set sealed = excluded.sealed, updated_at = now()
          returning updated_at`,
      ],
    ],
    result: sql`select updated_at from stored`,
    audit: { action: "account_data.recorded", entity, details: { section: made.section } },
  }));
}

/** Sections of some records of one person, the newest first. */
export async function selectSections(
  ctx: Context,
  subjectIds: readonly string[],
  section?: string,
): Promise<AccountSectionRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(accountSection)
      .where(
        and(
          eq(accountSection.organizationId, ctx.organizationId),
          inArray(accountSection.subjectId, [...subjectIds]),
          section === undefined ? undefined : eq(accountSection.section, section),
        ),
      )
      .orderBy(desc(accountSection.updatedAt), desc(accountSection.subjectId)),
  );
}

/** Registers a section. Undefined when the organization has as many as it may. */
export async function insertCustomSection(
  ctx: Context,
  made: { section: string; title: string; schema: CustomSchema },
) {
  return write<{ section: string; created_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "inserted",
        sql`insert into custom_section (organization_id, section, title, schema)
          select ${ctx.organizationId}::uuid, ${made.section}, ${made.title}, ${JSON.stringify(made.schema)}::text::jsonb
          where (select count(*) from custom_section where organization_id = ${ctx.organizationId}::uuid)
            < ${limits.customSections}::int
          returning section, created_at`,
      ],
    ],
    result: sql`select section, created_at from inserted`,
    audit: { action: "account_section.registered", entity: made.section },
  }));
}

export async function selectCustomSections(
  ctx: Context,
  after?: string,
  limit: number = limits.customSections,
): Promise<CustomSectionRow[]> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(customSection)
      .where(
        and(
          eq(customSection.organizationId, ctx.organizationId),
          after ? gt(customSection.section, after) : undefined,
        ),
      )
      .orderBy(asc(customSection.section))
      .limit(limit),
  );
  return rows.map((row) => ({ ...row, schema: row.schema as CustomSchema }));
}

export async function selectCustomSection(
  ctx: Context,
  section: string,
): Promise<CustomSectionRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(customSection)
      .where(and(eq(customSection.organizationId, ctx.organizationId), eq(customSection.section, section))),
  );
  return rows.map((row) => ({ ...row, schema: row.schema as CustomSchema }))[0];
}
