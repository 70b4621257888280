import { createContext, Script } from "node:vm";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { errorCode } from "../../db/database.ts";
import { type FieldError, invalid, SaysoError } from "../../kernel/errors.ts";
import { pointerTo } from "../../kernel/field-errors.ts";
import { limits } from "../../kernel/limits.ts";
import type { SectionDocument } from "./domain/documents.ts";

/** A JSON Schema (draft 2020-12) that an organization wrote for a section of its own. */
export type CustomSchema = Readonly<Record<string, unknown>>;

const dialect = "https://json-schema.org/draft/2020-12/schema";

/**
 * Refuses a schema that cannot be used. It must be whole in itself, for it goes into archives that are read years
 * later: no reference leads out of it. Throws `invalid` with pointers below `pointer`.
 */
export function checkCustomSchema(schema: CustomSchema, pointer: string): void {
  if (Buffer.byteLength(JSON.stringify(schema)) > limits.sectionSchemaBytes) {
    throw invalid(pointer, `A schema may have at most ${limits.sectionSchemaBytes} bytes.`);
  }
  if (schema.$schema !== undefined && schema.$schema !== dialect) {
    throw invalid(pointerTo(pointer, "$schema"), `Only ${dialect} is understood.`);
  }
  const { $schema: _, ...rest } = schema;
  const errors = [...outwardReferences(rest, pointer)];
  if (errors.length > 0) throw refusal(errors);
  compile(schema, pointer);
}

/** Where a document does not fit its schema; pointers start at the document. */
export function customMisfits(schema: CustomSchema, document: SectionDocument): readonly FieldError[] {
  const validate = compile(schema, "");
  const fits = bounded(
    () => validate(document),
    () => invalid("", "The section's schema takes too long to check this document."),
  );
  return fits ? [] : fieldErrorsOf(validate.errors ?? []);
}

function* outwardReferences(value: unknown, pointer: string): Generator<FieldError> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    const place = pointerTo(pointer, key);
    if ((key === "$ref" || key === "$dynamicRef") && typeof member === "string" && !member.startsWith("#")) {
      yield { pointer: place, message: "A reference must stay within the schema: it starts with #." };
    }
    if ((key === "$id" || key === "$schema") && typeof member === "string") {
      yield { pointer: place, message: "A section's schema has no names of its own but anchors." };
    }
    if (key === "$async") yield { pointer: place, message: "This is no word of JSON Schema." };
    yield* outwardReferences(member, place);
  }
}

// Formats are notes to the reader, as the draft has them by default.
const options = { allErrors: true, strict: false, validateFormats: false, logger: false } as const;

let drafts: Ajv2020 | undefined;

/** Reads schemas by the draft's own schema. That one takes long to compile, so it is done once. */
function draftReader(): Ajv2020 {
  if (drafts === undefined) {
    drafts = new Ajv2020(options);
    drafts.validateSchema({});
  }
  return drafts;
}

function compile(schema: CustomSchema, pointer: string): ValidateFunction {
  const tooSlow = () => invalid(pointer, "This schema takes too long to read.");
  const reader = draftReader();
  return bounded(() => {
    if (reader.validateSchema(schema) !== true) throw refusal(fieldErrorsOf(reader.errors ?? [], pointer));
    try {
      return new Ajv2020({ ...options, validateSchema: false }).compile(schema);
    } catch (error) {
      if (isTimeout(error)) throw error;
      // What is wrong is in the caller's own schema: an unknown reference, a pattern that is none.
      throw invalid(pointer, error instanceof Error ? error.message : "This schema cannot be used.");
    }
  }, tooSlow);
}

/**
 * Runs work that a stranger's schema decides about, and ends it when it takes too long: a pattern can backtrack for
 * years, references can branch without end. Only the virtual machine's own timer gets through to a loop like that.
 */
function bounded<T>(work: () => T, tooLong: () => SaysoError): T {
  const results: T[] = [];
  try {
    new Script("run()").runInContext(createContext({ run: () => void results.push(work()) }), {
      timeout: limits.sectionSchemaMs,
    });
  } catch (error) {
    if (isTimeout(error) || error instanceof RangeError) throw tooLong();
    throw error;
  }
  const [result] = results;
  if (result === undefined) throw tooLong();
  return result;
}

function isTimeout(error: unknown): boolean {
  return errorCode(error) === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}

function fieldErrorsOf(errors: readonly ErrorObject[], base = ""): FieldError[] {
  return errors.map(({ instancePath, params, message }) => {
    const extra: unknown = params.additionalProperty ?? params.unevaluatedProperty;
    const pointer = `${base}${instancePath}`;
    return typeof extra === "string"
      ? { pointer: pointerTo(pointer, extra), message: "There is no such field." }
      : { pointer, message: `This ${message ?? "does not fit"}.` };
  });
}

function refusal(errors: readonly FieldError[]): SaysoError {
  return new SaysoError("invalid", "The request has values that cannot be taken; see errors.", { errors });
}
