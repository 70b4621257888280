export { approveRequest } from "./approve-request.ts";
export { assignRequest } from "./assign-request.ts";
export { type BuildRunner, buildRequestedArchive } from "./build-archive.ts";
export { askClarification, receiveClarification } from "./clarify-request.ts";
export { createDelivery } from "./create-delivery.ts";
export { calendarCountry, calendarYearSchema } from "./domain/calendar.ts";
export { type RequestKind, requestKinds } from "./domain/kind.ts";
export { otherWays } from "./domain/letter.ts";
export { draftLetter, type LetterInput } from "./draft-letter.ts";
export { canBeCounted } from "./due-date.ts";
export { discardLetter, editLetter } from "./edit-letter.ts";
export {
  cancelRequest,
  closeRequest,
  type RefusalGround,
  refusalGrounds,
  refuseRequest,
} from "./end-request.ts";
export { selectErasedRecords as erasedRecords } from "./erasure-store.ts";
export { expireArchives } from "./expire-archives.ts";
export { extendRequest } from "./extend-request.ts";
export { fillArchive } from "./fill-archive.ts";
export { requeueLetters as resumeLetters } from "./letter-store.ts";
export { listDue, watchRequests } from "./list-due.ts";
export { listYears, loadYear } from "./manage-calendars.ts";
export { noteIdentity } from "./note-identity.ts";
export { openArchive } from "./open-archive.ts";
export { openableKinds, openRequest } from "./open-request.ts";
export { sendOpendsrCallbacks } from "./opendsr-callbacks.ts";
export { type OpendsrSigner, readOpendsrSigner, trialOpendsrSigner } from "./opendsr-certificate.ts";
export { resumeCallbacks } from "./opendsr-store.ts";
export { getLetter, listLetters } from "./present-letter.ts";
export { getRequest, listRequests, readStanding, type Standing } from "./present-request.ts";
export { mailLetter, markLetterSent, sendLetter } from "./send-letter.ts";
export { requeueStalled as resumeBuilds } from "./store.ts";
export { warnOfDue } from "./warn-of-due.ts";
