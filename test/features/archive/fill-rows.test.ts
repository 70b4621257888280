import fc from "fast-check";
import { expect, test } from "vitest";
import { createRowFiller } from "../../../src/features/archive/fill-rows.ts";
import type { Cell, Field, Value } from "../../../src/features/archive/view.ts";
import { formatInstant, instantFormat, loadTemplates } from "../../../src/templates.ts";
import { hostile } from "./hostile-report.ts";

const templates = loadTemplates("report");
const render = (cells: readonly Cell[]) => templates.render("row", { cells }, "en");

const text = fc.oneof(
  fc.constantFrom(...hostile, "\ue0000\ue000", "\ue0001\ue000", "$1 $& $$"),
  fc.string({ unit: "grapheme", minLength: 1 }),
);
const { value } = fc.letrec<{ value: Value; field: Field }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.record({ text }),
    fc.record({ code: text }),
    fc.record({ none: text }),
    fc.record({ badge: text, tone: fc.constantFrom("yes", "no", "open") }),
    fc.record({ instant: text, shown: text }),
    fc.record({ image: text, alternative: text }),
    fc.record({ items: fc.array(tie("value"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ fields: fc.array(tie("field"), { minLength: 1, maxLength: 3 }) }),
  ),
  field: fc.record({ label: text, value: tie("value") }),
}));
const field = fc.record({ label: text, value });
const cells = fc.array(fc.record({ label: text, value, extras: fc.array(field, { maxLength: 2 }) }), {
  minLength: 1,
  maxLength: 4,
});

/** The same row with other texts, so that it is filled in and not rendered. */
function withTexts(row: readonly Cell[], other: string): readonly Cell[] {
  const change = (changed: Value): Value => {
    if ("items" in changed) return { items: changed.items.map(change) };
    if ("fields" in changed)
      return { fields: changed.fields.map((each) => ({ ...each, value: change(each.value) })) };
    if ("none" in changed) return changed;
    const texts = Object.entries(changed).map(([key, own]) => [key, key === "tone" ? own : `${own}${other}`]);
    return Object.fromEntries(texts);
  };
  return row.map((cell) => ({
    label: cell.label,
    value: change(cell.value),
    extras: cell.extras.map((extra) => ({ label: extra.label, value: change(extra.value) })),
  }));
}

test("a row that is filled in is the row that the template would have rendered, whatever it holds", () => {
  fc.assert(
    fc.property(fc.array(cells, { minLength: 1, maxLength: 5 }), text, (rows, other) => {
      const fill = createRowFiller(render);
      for (const row of [...rows, ...rows.map((each) => withTexts(each, other))]) {
        expect(fill(row)).toBe(render(row));
      }
    }),
  );
});

test("rows of a shape that was seen are filled in without the template", () => {
  let rendered = 0;
  const fill = createRowFiller((row) => {
    rendered += 1;
    return render(row);
  });
  for (let index = 0; index < 1_000; index += 1)
    fill([{ label: "At", value: { text: `${index}` }, extras: [] }]);
  expect(rendered).toBe(2);
});

const zones = [
  "UTC",
  "Europe/Berlin",
  "Europe/Moscow",
  "America/St_Johns",
  "Asia/Kathmandu",
  "Pacific/Apia",
  "Australia/Lord_Howe",
  "Africa/Monrovia",
  "Antarctica/Troll",
];

test("an instant is shown as Intl shows it, in every zone, on every day", () => {
  const style = {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  } as const;
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.constantFrom("en", "ru"),
      fc.date({ min: new Date("1900-01-01"), max: new Date("2100-01-01"), noInvalidDate: true }),
      fc.array(fc.integer({ min: 0, max: 48 * 3600 * 1000 }), { minLength: 1, maxLength: 20 }),
      (timeZone, language, day, steps) => {
        const format = instantFormat("dateTime", language, timeZone);
        const plain = new Intl.DateTimeFormat(language === "en" ? "en-GB" : "ru-RU", {
          ...style,
          second: "2-digit",
          hourCycle: "h23",
          timeZone,
        });
        for (const step of steps) {
          const instant = new Date(day.getTime() + step);
          expect(format(instant.toISOString())).toBe(plain.format(instant));
        }
      },
    ),
    { numRuns: 300 },
  );
});

test.each([
  ["2011-12-30T09:59:59Z", "Pacific/Apia", "29 Dec 2011, 23:59:59"],
  ["2011-12-30T10:00:00Z", "Pacific/Apia", "31 Dec 2011, 00:00:00"],
  ["2026-10-25T00:59:59Z", "Europe/Berlin", "25 Oct 2026, 02:59:59"],
  ["2026-10-25T01:00:00Z", "Europe/Berlin", "25 Oct 2026, 02:00:00"],
  ["2026-03-29T01:00:00Z", "Europe/Berlin", "29 Mar 2026, 03:00:00"],
])("%s in %s is %s", (instant, zone, shown) => {
  expect(formatInstant(instant, "dateTime", "en", zone)).toBe(shown);
});
