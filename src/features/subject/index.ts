export { type HashedName, hashNames, preparePeople } from "./prepare-people.ts";
export { type RecordedPerson, readPeople } from "./read-people.ts";
export {
  ambiguous,
  erased,
  findSubject,
  findSubjects,
  hashIdentifier,
  onceMoreIfErased,
  readPerson,
  readReference,
  resolveIdentifiers,
  type SubjectReference,
  savedSendersOf,
  timeZonesOf,
  unlinkIdentifier,
} from "./resolve-subject.ts";
export { type ResolvedSubject, resolveSubject, resolveSubjects } from "./resolve-subjects.ts";
export {
  againstPart,
  hashesOf,
  hashesOfAll,
  type NewPerson,
  resolveAllPart,
  scopesPart,
  standAllPart,
  standPart,
} from "./store.ts";
