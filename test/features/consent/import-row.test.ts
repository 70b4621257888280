import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dpvStateOf, dpvStates, readState } from "../../../src/features/consent/domain/dpv.ts";
import { readImportRow } from "../../../src/features/consent/domain/import-row.ts";
import { guardCell, unguardCell } from "../../../src/kernel/csv-cell.ts";
import { rowCases, setting as usual } from "../../cases/consent/import-rows.ts";

describe("a row of an import", () => {
  it.each(rowCases)("$guarantee", ({ row, setting = usual, wanted }) => {
    const read = readImportRow(row, setting);
    if (Array.isArray(wanted)) {
      expect("identifiers" in read ? [] : [...new Set(read.map(({ pointer }) => pointer))]).toEqual(wanted);
    } else expect(read).toMatchObject(wanted);
  });
});

describe("a cell of a CSV file", () => {
  it("comes back as the text that it was made of, whatever that was", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("'", "=", "+", "-", "@", "\t", "\r", "\n", "1", "a") }),
    );
    fc.assert(fc.property(text, (value) => unguardCell(guardCell(value)) === value));
  });

  it("never begins as a formula does, and spares phone numbers", () => {
    for (const formula of [
      "=1+1",
      "+7(916)",
      "-2",
      "@SUM(A1)",
      "\t=1",
      "\r=1",
      "＝1+1",
      "+cmd|' /C calc'!A0",
    ])
      expect(guardCell(formula)).toBe(`'${formula}`);
    expect(guardCell("+79161234567")).toBe("+79161234567");
    expect(guardCell("it's = 1")).toBe("it's = 1");
  });
});

describe("DPV's names of states", () => {
  it("are read and written both ways", () => {
    for (const [state, name] of Object.entries(dpvStates)) {
      expect(readState(name)).toBe(state);
      expect(readState(name.replace("dpv:", "https://w3id.org/dpv#"))).toBe(state);
    }
    expect(readState("dpv:ConsentUnknown")).toBeUndefined();
  });

  it("say of a yes whose time is over that it has expired", () => {
    const at = new Date("2026-11-27T12:00:00Z");
    const [later, same] = [new Date(at.getTime() + 1), at];
    const isEnded = false;
    expect(dpvStateOf({ state: "given", expiresAt: later, isEnded }, at)).toBe("dpv:ConsentGiven");
    expect(dpvStateOf({ state: "given", expiresAt: same, isEnded }, at)).toBe("dpv:ConsentExpired");
    expect(dpvStateOf({ state: "withdrawn", expiresAt: same, isEnded }, at)).toBe("dpv:ConsentWithdrawn");
    expect(dpvStateOf({ state: "given", expiresAt: later, isEnded: true }, at)).toBe("dpv:ConsentWithdrawn");
    expect(dpvStateOf({ state: "requested", expiresAt: later, isEnded: true }, at)).toBe(
      "dpv:ConsentRequested",
    );
  });
});
