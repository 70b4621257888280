import { causeCases } from "./cause.ts";
import { consentCases } from "./consent.ts";
import { mergedRecordsCases } from "./merged-records.ts";
import { optOutCases } from "./opt-out.ts";
import { ordinaryCases } from "./ordinary.ts";
import { platformWindowTemplateCases } from "./platform-window-template.ts";
import { purposeCategoryCases } from "./purpose-category.ts";
import { recipientSenderBlockCases } from "./recipient-sender-block.ts";

/** Every table of the gate's rules, by what it is about. */
export const gateTables = {
  "ordinary life": ordinaryCases,
  "recipient, sender and block": recipientSenderBlockCases,
  "opt-out": optOutCases,
  "purpose and category": purposeCategoryCases,
  consent: consentCases,
  "merged records": mergedRecordsCases,
  "platform stop, window and template": platformWindowTemplateCases,
  cause: causeCases,
};
