'use strict';
/*
 * Runs one JavaScript action, as the nodejs action image does. One JSON line a request on stdin, one line an answer on
 * fd 3: an HTTP status, a space, and the JSON body the image's proxy would have sent. After each answer both logs end with
 * the sentinel, so that the reader knows which lines belong to it.
 */
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const SENTINEL = 'XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n';
const ANSWER_FD = 3;
const { stdout, stderr } = process;

/** Packages of OpenWhisk's nodejs images (openwhisk-runtime-nodejs, package.json). */
const IMAGE_PACKAGES = new Set(['body-parser', 'express', 'openwhisk', 'redis', 'serialize-error', 'uuid']);

/** An action that relies on its image is told what it is that this container lacks. */
const load = Module._load;
Module._load = function (request, ...more) {
  try {
    return load.call(this, request, ...more);
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND' && IMAGE_PACKAGES.has(request) && error.message.includes(`'${request}'`)) {
      const [line] = error.message.split('\n');
      const told = `${line}: OpenWhisk's image has it, the local platform's container lacks it; package it with the action`;
      error.stack = String(error.stack).replace(line, told);
      error.message = told;
    }
    throw error;
  }
};

function writeAll(fd, text) {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(fd, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

/** The logs go through the streams that the action prints to: what is still buffered there comes first. */
function answer(status, body) {
  const line = `${status} ${JSON.stringify(body)}\n`;
  stdout.write(SENTINEL, () => stderr.write(SENTINEL, () => writeAll(ANSWER_FD, line)));
}

const errorAnswer = (status, message) => answer(status, { error: message });

/** As npm's serialize-error does: errors become plain objects with name, message and stack. */
function serializeError(value) {
  if (typeof value === 'function') return `[Function: ${value.name || 'anonymous'}]`;
  if (typeof value !== 'object' || value === null) return value;
  return plain(value, []);
}

function plain(from, seen) {
  if (typeof from.toJSON === 'function') return from.toJSON();
  const to = Array.isArray(from) ? [] : {};
  const path = [...seen, from];
  const copy = (value) => {
    if (Buffer.isBuffer(value)) return '[object Buffer]';
    if (typeof value !== 'object' || value === null) return value;
    if (typeof value.pipe === 'function') return '[object Stream]';
    return path.includes(value) ? '[Circular]' : plain(value, path);
  };
  for (const [key, value] of Object.entries(from)) if (typeof value !== 'function') to[key] = copy(value);
  for (const key of ['name', 'message', 'stack', 'code', 'cause']) {
    if (from[key] !== undefined && from[key] !== null && typeof from[key] !== 'function') to[key] = copy(from[key]);
  }
  return to;
}

// biome-ignore lint/correctness/noUnusedFunctionParameters: the action's code is evaluated with these in its scope
function initializeActionHandler(message, require, module, exports) {
  if (message.dir !== undefined) {
    const [index, main] = splitMainHandler(message.main);
    process.chdir(message.dir);
    if (index === undefined && !fs.existsSync('package.json') && !fs.existsSync('index.js')) {
      throw 'Zipped actions must contain either package.json or index.js at the root.';
    }
    const loaded = require(index === undefined ? message.dir : path.join(message.dir, index));
    return assertMainIsFunction(
      main.split('.').reduce((value, key) => value[key], loaded),
      message.main,
    );
  }
  // biome-ignore lint/security/noGlobalEval: running the action's text is what this file is for
  const handler = eval(
    `(function(){
               ${message.code}
               try {
                 return ${message.main}
               } catch (e) {
                 if (e.name === 'ReferenceError') {
                    return module.exports.${message.main} || exports.${message.main}
                 } else throw e
               }
           })()`,
  );
  return assertMainIsFunction(handler, message.main);
}

function splitMainHandler(handler) {
  const matches = handler.match(/^([^.]+)$|^([^.]+)\.(.+)$/);
  if (matches === null) throw 'Name of main function is not valid.';
  return [matches[2], matches[3] || matches[1]];
}

function assertMainIsFunction(handler, name) {
  if (typeof handler !== 'function') throw `Action entrypoint '${name}' is not a function.`;
  return handler;
}

class NodeActionRunner {
  constructor(handler) {
    this.userScriptMain = handler;
  }

  run(args) {
    return new Promise((resolve, reject) => {
      let result;
      try {
        result = this.userScriptMain(args);
      } catch (e) {
        reject(e);
        return;
      }
      Promise.resolve(result).then(
        (value) => resolve(value === undefined ? {} : value),
        (error) => resolve({ error: error ? serializeError(error) : {} }),
      );
    });
  }
}

let runner;

function doInit(message) {
  try {
    for (const [key, value] of Object.entries(message.env ?? {})) process.env[key] = value;
    runner = new NodeActionRunner(initializeActionHandler(message, require, module, exports));
  } catch (error) {
    console.error('Error during initialization:', error);
    errorAnswer(502, `Initialization has failed due to: ${error?.stack ? String(error.stack) : error}`);
    return;
  }
  answer(200, { OK: true });
}

function doRun(message) {
  for (const [key, value] of Object.entries(message)) {
    if (typeof value === 'string' && key !== 'value') process.env[`__OW_${key.toUpperCase()}`] = value;
  }
  return runner.run(message.value ?? {});
}

function runCode(message) {
  doRun(message).then(
    (result) => {
      if (typeof result !== 'object') {
        console.error(`Result must be of type object but has type "${typeof result}":`, result);
        errorAnswer(502, 'The action did not return a dictionary.');
        return;
      }
      try {
        answer(200, result);
      } catch (error) {
        console.error(error);
        errorAnswer(502, `An error has occurred: ${error}`);
      }
    },
    (error) => {
      console.error(error);
      errorAnswer(502, `An error has occurred: ${error}`);
    },
  );
}

function onLine(line) {
  const message = JSON.parse(line);
  if (message.init !== undefined) doInit(message.init);
  else runCode(message);
}

let pending = [];
process.stdin.on('data', (chunk) => {
  let start = 0;
  for (let end = chunk.indexOf(10, start); end >= 0; end = chunk.indexOf(10, start)) {
    pending.push(chunk.subarray(start, end));
    const line = Buffer.concat(pending).toString();
    pending = [];
    start = end + 1;
    onLine(line);
  }
  if (start < chunk.length) pending.push(chunk.subarray(start));
});
process.stdin.on('end', () => process.exit(0));
