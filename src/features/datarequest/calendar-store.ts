import { and, asc, eq } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { write } from "../../db/write.ts";
import type { CalendarYear } from "./domain/calendar.ts";
import { holidayCalendar } from "./tables.ts";

export type LoadedYear = typeof holidayCalendar.$inferSelect;

/** The years that the organization loaded, of one country or of all. */
export async function selectLoadedYears(ctx: Context, country?: string): Promise<LoadedYear[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(holidayCalendar)
      .where(
        and(
          eq(holidayCalendar.organizationId, ctx.organizationId),
          country === undefined ? undefined : eq(holidayCalendar.country, country),
        ),
      )
      .orderBy(asc(holidayCalendar.country), asc(holidayCalendar.year)),
  );
}

/** Puts a year in the place of the one before; the audit entry says which days were taken and which were there. */
export async function putLoadedYear(ctx: Context, country: string, year: number, days: CalendarYear) {
  return write<{ country: string }>(ctx, (sql) => ({
    parts: [
      [
        "loaded",
        sql`insert into holiday_calendar (organization_id, country, year, source, days_off, working_days)
          values (${ctx.organizationId}, ${country}, ${year}, ${days.source}, ${days.daysOff}::text[]::date[],
            ${days.workingDays}::text[]::date[])
          on conflict (organization_id, country, year) do update set source = excluded.source,
            days_off = excluded.days_off, working_days = excluded.working_days, loaded_at = now()
          returning country`,
      ],
    ],
    result: sql`select country from loaded`,
    audit: {
      action: "holiday_calendar.loaded",
      entity: `${country}/${year}`,
      details: { source: days.source, daysOff: days.daysOff, workingDays: days.workingDays },
    },
  }));
}
