// What the pages run must be read by Chrome 80: messengers on older phones carry nothing newer.
import compat from "eslint-plugin-compat";

export default [
  { ignores: ["web/static/vendor/**"] },
  {
    files: ["web/static/**/*.js"],
    plugins: { compat },
    languageOptions: {
      ecmaVersion: 2020,
      sourceType: "script",
    },
    settings: { browserslistOpts: {}, targets: ["chrome 80"], lintAllEsApis: true },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "compat/compat": "error",
      "no-undef-init": "error",
      "no-unreachable": "error",
      "no-dupe-keys": "error",
      "no-redeclare": "error",
      "no-const-assign": "error",
      "no-implied-eval": "error",
      "no-eval": "error",
      "no-unused-vars": ["error", { args: "none", caughtErrors: "none" }],
      "eqeqeq": ["error", "always", { null: "ignore" }],
    },
  },
];
