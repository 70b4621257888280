import { type Command, InvalidArgumentError } from "commander";
import { calendarCountry, calendarYearSchema, listYears, loadYear } from "../features/datarequest/index.ts";
import { validate } from "../http/problem.ts";
import { SaysoError } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";
import { parseStrictJson } from "../kernel/strict-json.ts";
import { ofOrganization, readTextFile } from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";

interface CalendarOptions extends OutputOptions {
  readonly organization?: string;
}

interface LoadOptions extends CalendarOptions {
  readonly country: string;
  readonly year: number;
  readonly file: string;
}

/** `sayso calendar list|load` */
export function addCalendarCommands(program: Command): void {
  const calendar = program.command("calendar").description("days off that due dates are counted by");

  ofOrganization(verb(calendar, "list", "years that are written down, ours and your own")).action(
    async (options: CalendarOptions) => {
      const items = await withOrganization(options.organization, (ctx) => listYears(ctx));
      print(
        options,
        { items },
        items.map(
          ({ country, year, daysOff, loadedBy, source }) =>
            `${country} ${year}  ${daysOff.length} days off  ${loadedBy === "sayso" ? "built in" : "loaded"}  ${source}`,
        ),
      );
    },
  );

  ofOrganization(verb(calendar, "load", "load a year, in place of ours"))
    .requiredOption("--country <code>", "such as RU, or US-CA for a part of a country", readCountry)
    .requiredOption("--year <year>", "such as 2028", readYear)
    .requiredOption("--file <file>", 'JSON: {"source": "…", "daysOff": ["2028-01-01", …], "workingDays": []}')
    .action(async (options: LoadOptions) => {
      const text = await readTextFile(options.file, limits.bodyBytes);
      const days = validate(calendarYearSchema, parseStrictJson(text), "");
      if (days instanceof SaysoError) throw days;
      const loaded = await withOrganization(options.organization, (ctx) =>
        loadYear(ctx, options.country, options.year, days),
      );
      print(options, loaded, [
        `${loaded.country} ${loaded.year} is loaded: ${loaded.daysOff.length} days off, ` +
          `${loaded.workingDays.length} worked weekend days.`,
      ]);
    });
}

function readCountry(text: string): string {
  if (!calendarCountry.safeParse(text).success) throw new InvalidArgumentError("Such as RU or US-CA.");
  return text;
}

function readYear(text: string): number {
  if (!/^20\d\d$/.test(text)) throw new InvalidArgumentError("A year such as 2028.");
  return Number(text);
}
