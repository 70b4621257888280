export {
  ambiguous,
  findSubject,
  findSubjects,
  hashIdentifier,
  readPerson,
  readReference,
  resolveIdentifiers,
  resolveSubject,
  type SubjectReference,
  savedSendersOf,
  timeZonesOf,
  unlinkIdentifier,
} from "./resolve-subject.ts";
export { hashesOf, standPart } from "./store.ts";
