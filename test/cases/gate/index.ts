import { causeCases } from "./cause.ts";
import { consentCases } from "./consent.ts";
import { frequencyCapCases } from "./frequency-cap.ts";
import { mergedRecordsCases } from "./merged-records.ts";
import { monitorCases } from "./monitor.ts";
import { optOutCases } from "./opt-out.ts";
import { ordinaryCases } from "./ordinary.ts";
import { platformWindowTemplateCases } from "./platform-window-template.ts";
import { purposeCategoryCases } from "./purpose-category.ts";
import { quietHoursCases } from "./quiet-hours.ts";
import { reachabilityCases } from "./reachability.ts";
import { recipientSenderBlockCases } from "./recipient-sender-block.ts";
import { senderLimitComplaintsCases } from "./sender-limit-complaints.ts";
import { switchHoldDestinationCases } from "./switch-hold-destination.ts";

/** Every table of the gate's rules, by what it is about. */
export const gateTables = {
  "ordinary life": ordinaryCases,
  "recipient, sender and block": recipientSenderBlockCases,
  "opt-out": optOutCases,
  "purpose and category": purposeCategoryCases,
  consent: consentCases,
  "merged records": mergedRecordsCases,
  "platform stop, window and template": platformWindowTemplateCases,
  "quiet hours": quietHoursCases,
  "frequency cap": frequencyCapCases,
  "switch, platform hold and destination": switchHoldDestinationCases,
  "reachability and silent webhooks": reachabilityCases,
  "sender limit and complaints": senderLimitComplaintsCases,
  cause: causeCases,
  "monitor mode": monitorCases,
};
