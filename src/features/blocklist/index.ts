export { blocklistRoutes } from "./routes.ts";
