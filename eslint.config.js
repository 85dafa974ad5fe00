import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/**", ".dist-*/**", "node_modules/**", "coverage/**"] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/only-throw-error": "off",
      "max-lines": ["error", { max: 250, skipBlankLines: true, skipComments: true }],
      complexity: ["error", 14],
    },
  },
  // Tests take the parts of a driver or a world by name; those are plain objects that use no `this`.
  {
    files: ["test/**"],
    rules: {
      "@typescript-eslint/unbound-method": "off",
      "max-lines": ["error", { max: 350, skipBlankLines: true, skipComments: true }],
    },
  },
  // Outside the TypeScript project: the launcher must be readable by old Nodes, scripts and configurations run as they stand.
  { files: ["**/*.{js,mjs,cjs}"], ...tseslint.configs.disableTypeChecked },
  // There, nothing else notices a name that is not imported.
  {
    files: ["scripts/**/*.mjs"],
    languageOptions: {
      globals: Object.fromEntries(
        Object.keys(Object.getOwnPropertyDescriptors(globalThis)).map((name) => [name, false]),
      ),
    },
    rules: { "no-undef": "error" },
  },
);
