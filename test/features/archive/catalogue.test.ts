import { expect, test } from "vitest";
import { z } from "zod";
import { sectionNames, sectionSchemas } from "../../../src/features/accountdata/index.ts";
import { ownSectionNames, rowSchemas } from "../../../src/features/archive/domain/sections.ts";
import { reportedAccount } from "../../../src/features/archive/report-schema.ts";
import { loadTemplates } from "../../../src/templates.ts";

const templates = loadTemplates("report");
const schemas: Readonly<Record<string, z.ZodType>> = {
  ...sectionSchemas,
  account: reportedAccount,
  ...rowSchemas,
};

/** Fields that are shown as part of another one, or only to programs. */
const unlabelled = new Set(["mediaType", "base64", "sha256", "code", "key"]);

/** Every property and every word of a closed list in a JSON Schema. */
function* named(schema: unknown): Generator<{ field: string } | { word: string }> {
  if (Array.isArray(schema)) {
    for (const member of schema) yield* named(member);
  } else if (schema !== null && typeof schema === "object") {
    if ("properties" in schema) for (const field of Object.keys(schema.properties ?? {})) yield { field };
    if ("enum" in schema && Array.isArray(schema.enum)) {
      for (const word of schema.enum) if (!String(word).includes("/")) yield { word: String(word) };
    }
    for (const member of Object.values(schema)) yield* named(member);
  }
}

test("every section, every field and every word of a closed list has its words in the catalogue", () => {
  const missing: string[] = [];
  for (const [section, schema] of Object.entries(schemas)) {
    const need = (...keys: string[]) => {
      if (!keys.some((key) => templates.hasMessage(`report.${key}`))) missing.push(`${section}: ${keys[0]}`);
    };
    need(`section.${section}`);
    need(`section.${section}.about`);
    for (const name of named(z.toJSONSchema(schema))) {
      if ("word" in name) need(`value.${name.word}`, `value.${section}.${name.word}`);
      else if (!unlabelled.has(name.field)) need(`field.${name.field}`);
    }
  }
  expect(missing).toEqual([]);
  expect(Object.keys(schemas)).toEqual([...sectionNames, ...ownSectionNames]);
});
