import { describe, expect, test } from "vitest";
import { hearsYes } from "../../../src/features/collection/domain/spoken.ts";
import { chatText, spoken } from "../../cases/collection/spoken.ts";

describe("what a collection point hears", () => {
  test.each(spoken)("$guarantee", ({ text, point, to = "sender", heard }) => {
    const hearing = {
      chat: { senderId: "sender", text: chatText },
      chatGivesConsent: true,
      keywords: ["START", "ДА", "Yes please"],
      ...point,
    };
    expect(hearsYes(hearing, to, text)).toBe(heard);
  });
});
