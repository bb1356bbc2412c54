// @boundaries-ignore one set of test settings for the whole workspace
import { projectConfig } from "../../vitest.shared.ts";

export default projectConfig("atomic-file");
