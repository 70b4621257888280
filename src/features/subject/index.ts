export { type HashedName, hashNames, preparePeople } from "./prepare-people.ts";
export {
  ambiguous,
  erased,
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
export { hashesOf, hashesOfAll, type NewPerson, resolveAllPart, standAllPart, standPart } from "./store.ts";
