import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["*.test.ts"],
    // The client's ES modules import each other without file extensions, which Node refuses.
    server: { deps: { inline: ["@superoffice/webapi"] } },
  },
});
