export {
  ambiguous,
  findSubject,
  findSubjects,
  hashIdentifier,
  readPerson,
  readReference,
  resolveIdentifiers,
  resolveSubject,
  type Subject,
  type SubjectReference,
  unlinkIdentifier,
} from "./resolve-subject.ts";
export { subjectRoutes } from "./routes.ts";
export { hashesOf, type StandingNo, standPart } from "./store.ts";
