import { block } from "./block.ts";
import { complaints } from "./complaints.ts";
import { consent } from "./consent.ts";
import { destination } from "./destination.ts";
import { frequencyCap } from "./frequency-cap.ts";
import { optOut } from "./opt-out.ts";
import { platformHold } from "./platform-hold.ts";
import { platformStop } from "./platform-stop.ts";
import { purpose } from "./purpose.ts";
import { quietHours } from "./quiet-hours.ts";
import { reachability } from "./reachability.ts";
import { recipient } from "./recipient.ts";
import type { Rule } from "./rule.ts";
import { sender } from "./sender.ts";
import { senderLimit } from "./sender-limit.ts";
import { pausing } from "./switch.ts";
import { template } from "./template.ts";
import { window } from "./window.ts";

/** The rules of the gate, worst first: in this order they are reported. */
export const rules: readonly Rule[] = [
  recipient,
  sender,
  pausing,
  block,
  optOut,
  purpose,
  consent,
  platformStop,
  window,
  template,
  quietHours,
  frequencyCap,
  platformHold,
  destination,
  senderLimit,
  complaints,
  reachability,
];
