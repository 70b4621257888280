export {
  ambiguous,
  findSubject,
  findSubjects,
  hashIdentifier,
  readPerson,
  readReference,
  resolveIdentifiers,
  type SubjectReference,
  savedSendersOf,
  timeZonesOf,
  unlinkIdentifier,
} from "./resolve-subject.ts";
export { type ResolvedSubject, resolveSubject, resolveSubjects } from "./resolve-subjects.ts";
export { hashesOf, hashesOfAll, standAllPart, standPart } from "./store.ts";
