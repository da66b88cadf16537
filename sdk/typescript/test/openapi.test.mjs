// What this client believes of the service, against what the service says of itself.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import ts from "typescript";
import { operations } from "mailward";
import { baseUrl } from "../../../tests/clients/service.mjs";

const api = await (await fetch(`${baseUrl}/openapi.json`)).json();
const described = new Map();
for (const [path, methods] of Object.entries(api.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    described.set(operation.operationId, { path, method: method.toUpperCase(), operation });
  }
}
const source = new URL("../src/types.ts", import.meta.url);
const file = ts.createSourceFile("types.ts", await readFile(source, "utf8"), ts.ScriptTarget.ES2022, true);
const interfaces = file.statements.filter(ts.isInterfaceDeclaration);

function schema(it) {
  return it?.$ref ? schema(api.components.schemas[it.$ref.split("/").pop()]) : it;
}

/** Properties of a schema, wherever they stand in it. */
function properties(it) {
  const found = schema(it) ?? {};
  const parts = [...(found.allOf ?? []), ...(found.oneOf ?? []), ...(found.anyOf ?? [])];
  return Object.assign({}, ...parts.map(properties), found.properties);
}

/** Names of properties that are always there, wherever a schema says so. */
function required(it) {
  const found = schema(it) ?? {};
  return [...(found.required ?? []), ...(found.allOf ?? []).flatMap(required)];
}

for (const [id, { method, path, query = [] }] of Object.entries(operations)) {
  test(`${id} is asked as the service describes it`, () => {
    const found = described.get(id);
    assert.ok(found, "there is such an operation");
    assert.deepEqual([found.method, found.path], [method, path]);
    const known = (found.operation.parameters ?? []).filter((one) => one.in === "query").map(({ name }) => name);
    for (const name of query) assert.ok(known.includes(name), `query: ${name}`);
  });
}

for (const declared of interfaces) {
  const name = declared.name.text;
  test(`every field of ${name} is one of the service's`, () => {
    assert.ok(api.components.schemas[name], "there is such a schema");
    const known = properties(api.components.schemas[name]);
    for (const member of declared.members) {
      const field = member.name.getText(file);
      assert.ok(known[field], field);
      // What may be absent or null there has to be so here.
      const types = [schema(known[field]).type ?? []].flat();
      const isRequest = /^(Create|Change|Rotate|Send)/.test(name);
      const text = member.type.getText(file);
      if (isRequest) continue;
      const mayBeNull = types.includes("null") || known[field].oneOf?.some(({ type }) => type === "null");
      const isAbsentable = !required(api.components.schemas[name]).includes(field) && !mayBeNull;
      if (mayBeNull && !member.questionToken) assert.match(text, /\| null$/, `${field} may be null`);
      if (isAbsentable) assert.ok(member.questionToken, `${field} may be absent`);
    }
  });
}

test("there is something to compare", () => {
  assert.ok(interfaces.length >= 12 && Object.keys(operations).length >= 18);
});
