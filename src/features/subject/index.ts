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
  unlinkIdentifier,
} from "./resolve-subject.ts";
export { hashesOf, standPart } from "./store.ts";
