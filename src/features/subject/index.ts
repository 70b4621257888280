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
export { subjectRoutes } from "./routes.ts";
export { hashesOf, standPart } from "./store.ts";
