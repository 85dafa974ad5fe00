"use strict";
/* eslint-disable @typescript-eslint/no-require-imports -- CommonJS: every Node reads it */
// Syntax and modules of Node 12: this is what runs when Node is too old.
var fs = require("fs");
var path = require("path");

/** npm installs Node itself as an optional dependency; it stands in some node_modules folder above us. */
function bundledNode() {
  try {
    var name = "node-" + (process.platform === "win32" ? "win" : process.platform) + "-" + process.arch;
    var manifest = require.resolve(name + "/package.json");
    var program = path.join(
      path.dirname(manifest),
      "bin",
      process.platform === "win32" ? "node.exe" : "node",
    );
    return fs.existsSync(program) ? { program: program, version: require(manifest).version } : undefined;
  } catch {
    return undefined;
  }
}

/** Runs `script` with the Node that npm installed; signals and the way it ends are passed on. */
function runWithBundledNode(script, argv) {
  var bundled = bundledNode();
  if (!bundled)
    fail(
      "localkube needs Node.js 22.15 or newer, this is " +
        process.version +
        ".\nFix: install a newer Node.js, or run `npm ci` in " +
        path.join(__dirname, ".."),
    );
  runWithNode(bundled.program, script, argv);
}

/** Our whole environment, secrets too, goes on to it: it is localkube itself, and what it runs in turn gets what it should. */
function runWithNode(program, script, argv) {
  var child = require("child_process").spawn(program, [script].concat(argv), { stdio: "inherit" });
  // The child decides what a signal means; we only outlive it to tell how it ended.
  ["SIGINT", "SIGTERM", "SIGHUP"].forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal);
    });
  });
  child.on("error", function (error) {
    fail("localkube cannot run " + program + ": " + error.message);
  });
  child.on("exit", function (code, signal) {
    if (!signal) process.exit(code === null ? 1 : code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function fail(message) {
  try {
    fs.writeSync(2, message + "\n");
  } catch {
    // Standard error takes nothing; the exit code says it.
  }
  process.exit(1);
}

module.exports = {
  bundledNode: bundledNode,
  runWithBundledNode: runWithBundledNode,
  runWithNode: runWithNode,
};
