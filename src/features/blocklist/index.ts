export { blocksOf } from "./manage-blocks.ts";
export { blocklistRoutes } from "./routes.ts";
