export { readOutbox } from "./read-outbox.ts";
export { prepareNotice, resumeNotices, sendNotice } from "./send-notice.ts";
export { noticePart, type SealedNotice } from "./store.ts";
