import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { preferredLanguage } from "../../http/language.ts";
import { instant } from "../../http/schemas.ts";
import { calendarCountry, calendarYearSchema } from "./domain/calendar.ts";
import { requestKinds } from "./domain/kind.ts";
import { listYears, loadYear } from "./manage-calendars.ts";
import { listRegimes } from "./present-regimes.ts";

const term = z.object({
  months: z.number().int().optional(),
  days: z.number().int().optional(),
  workingDays: z.number().int().optional(),
});

const regime = z
  .object({
    key: z.string(),
    name: z.string(),
    version: z.string().openapi({ description: "The day on which it was last compared with its sources." }),
    sources: z.array(z.object({ title: z.string(), url: z.string() })),
    basis: z.string().openapi({
      description: "primary: compared with the law itself; secondary: with others' accounts of it.",
    }),
    isUsable: z
      .boolean()
      .openapi({ description: "false: it is secondary and not switched on (PATCH /v1/organization)." }),
    note: z.string(),
    counting: z.string(),
    calendar: z.string().openapi({ description: "Whose days off count." }),
    terms: z.record(z.enum(requestKinds), term),
    extension: z
      .object({
        by: z.union([term, z.string()]),
        noticeWithin: z.union([term, z.string()]),
        reasonsRequired: z.boolean(),
        kinds: z.array(z.string()).optional(),
      })
      .nullable(),
    pause: z.string().nullable().openapi({ description: "What stops the clock; null: nothing." }),
    clocks: z.array(z.object({ key: z.string(), kinds: z.array(z.string()), term, duty: z.string() })),
    formalities: z.object({ mustContain: z.array(z.string()), note: z.string() }),
    thirdPartyData: z.string().openapi({ description: "withheld or weighed." }),
  })
  .openapi("Regime");

const calendarYear = z
  .object({
    country: z.string(),
    year: z.number().int(),
    source: z.string(),
    daysOff: z.array(z.string()),
    workingDays: z.array(z.string()),
    loadedBy: z.string().openapi({ description: "organization or sayso." }),
    loadedAt: instant.nullable(),
  })
  .openapi("HolidayCalendarYear");

const yearParams = z.object({
  country: calendarCountry,
  year: z
    .string()
    .regex(/^20\d\d$/, "A year such as 2028.")
    .openapi({ example: "2028" }),
});

/** Routes of the laws that set due dates, and of the days off that they count by. */
export function regimeRoutes(app: App): void {
  app.use("/v1/regimes", requires("data_requests"));
  app.use("/v1/holiday-calendars/*", requires("data_requests"));

  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/regimes",
      tags: ["Data requests"],
      summary: "The laws that a request may fall under, with their terms and formalities",
      responses: { 200: answer(z.object({ items: z.array(regime) }), "All regimes"), ...refusals },
    }),
    async (c) => c.json({ items: await listRegimes(c.var.context, preferredLanguage(c)) }, 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/holiday-calendars",
      tags: ["Data requests"],
      summary: "Days off that are written down year by year, ours and those that you loaded",
      responses: { 200: answer(z.object({ items: z.array(calendarYear) }), "All years"), ...refusals },
    }),
    async (c) => c.json({ items: await listYears(c.var.context) }, 200),
  );
  app.openapi(
    createRoute({
      method: "put",
      path: "/v1/holiday-calendars/{country}/{year}",
      tags: ["Data requests"],
      summary: "Load a country's days off of a year, in place of ours",
      middleware: requires("staff"),
      request: {
        params: yearParams,
        ...body(calendarYearSchema),
      },
      responses: { 200: answer(calendarYear, "The year as it is counted by from now on"), ...refusals },
    }),
    async (c) => {
      const { country, year } = c.req.valid("param");
      return c.json(await loadYear(c.var.context, country, Number(year), c.req.valid("json")), 200);
    },
  );
}
