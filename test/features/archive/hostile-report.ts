import type { ReportModel, Section } from "../../../src/features/archive/domain/report-model.ts";
import { fullReport, rowsSection } from "./sample-report.ts";

/** Texts that would break a page that shows them carelessly. */
export const hostile = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "</title></style></blockquote><svg onload=alert(1)>",
  '=HYPERLINK("https://attacker.example","x")',
  "javascript:alert(1)",
  "{{constructor}} {{{this}}} {organization}",
  "\u202egnp.exe\u202c \u2066isolated without an end",
  "שלום עולם مرحبا",
  "\u0007bell \u0000nul \u001b[31mred",
  `e${"\u0301".repeat(60)}`,
  "W".repeat(400),
  "'`=&\u2028\u2029",
];

const all = hostile.join("\n");

/** A full report in which every text is hostile; instants and closed lists stay what they are. */
export function hostileReport(): ReportModel {
  const model = fullReport("en");
  const spoil = (value: unknown, key = ""): unknown => {
    if (typeof value === "string") {
      return /^(?:.*At|at|.*Since|direction|decision|attachment|sha256|mediaType)$/.test(key) ? value : all;
    }
    if (Array.isArray(value)) return value.map((item) => spoil(item, key));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, spoil(member, name)]));
  };
  const spoilText = <Value extends object>(value: Value): Value => spoil(value) as Value;
  const spoilSection = (section: Section): Section => {
    const custom = section.custom && {
      title: all,
      schema: { ...section.custom.schema, properties: { [all]: { title: all }, cardNumber: { title: all } } },
    };
    const named = { name: section.name, ...(custom && { custom }) };
    if (section.state === "rows") return { ...spoilRows(section), ...named };
    if (section.state !== "document") return { ...section, ...named };
    const document = spoilText(section.document);
    return { ...named, state: "document", document: { ...document, [all]: all } };
  };
  const spoilRows = (section: Extract<Section, { state: "rows" }>): Section => ({
    ...section,
    async *rows() {
      for await (const page of section.rows()) yield page.map(spoilText);
    },
  });
  return {
    ...model,
    organization: { name: all, country: all },
    dpo: { name: all, contact: all },
    supervisoryAuthority: { name: all, url: "javascript:alert(1)" },
    person: { ...model.person, identifiers: [{ kind: all, value: all }] },
    regime: all,
    notice: {
      purposes: model.notice.purposes.map(spoilText),
      recipients: model.notice.recipients.map(spoilText),
      retention: model.notice.retention.map(({ period, ...rest }) => ({ ...spoilText(rest), period })),
      origins: model.notice.origins.map(spoilText),
      automatedDecisions: all,
    },
    sources: [{ name: all, state: "failed", missing: all }],
    sections: [
      ...model.sections.map(spoilSection),
      rowsSection("extra", [{ [all]: all, nested: { [all]: [all, { [all]: all }] } }]),
      { name: "lost", state: "failed", source: all, missing: all, custom: { title: all, schema: {} } },
    ],
    attachments: model.attachments.map((attachment) => ({ ...attachment, originalName: all })),
  };
}
