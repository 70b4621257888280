import type { Grounds } from "../verdict.ts";
import { failOn, type Rule } from "./rule.ts";

/** The recipient can be read, is one person, and is not the sender. A stranger passes here: other rules deny. */
export const recipient: Rule = {
  name: "recipient",
  judge: ({ facts: { recipient } }) => {
    const grounds: Grounds[] = [];
    const isReadable = recipient.unreadable.length === 0 && recipient.identifierCount >= 1;
    if (!isReadable || recipient.isSender)
      grounds.push({ code: "recipient_invalid", retryAt: null, evidence: [] });
    if (recipient.subjectIds.length > 1)
      grounds.push({ code: "recipient_ambiguous", retryAt: null, evidence: recipient.subjectIds });
    return failOn(grounds);
  },
};
