// Avro bytes, field by field: where each begins, how long it is, what it says.

const text = new TextDecoder("utf-8", { fatal: true });

export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

/** `{fields: [{name, offset, length, value}], error}`: all fields up to the first that cannot be read. */
export function decode(schema, bytes) {
  const reader = new Reader(bytes, namedTypes(schema)), fields = [];
  const at = (name, declared, path) => {
    const type = reader.resolve(declared);
    if (type.type === "record") {
      for (const field of type.fields) at(field.name, field.type, path ? `${path}.${field.name}` : field.name);
      return;
    }
    const offset = reader.at;
    reader.field = path;
    const value = reader.value(type);
    if (value instanceof Part) {
      fields.push({ name: path, offset, length: reader.at - offset, value: "record" });
      for (const field of value.type.fields) at(field.name, field.type, `${path}.${field.name}`);
    } else fields.push({ name: path, offset, length: reader.at - offset, value });
  };
  try {
    for (const field of schema.fields) {
      // The header leads; its fields have short names.
      at(field.name, field.type, field.name === "ChangeEventHeader" ? "" : field.name);
    }
    if (reader.at !== bytes.length) throw new Error(`${bytes.length - reader.at} bytes are left after the last field`);
    return { fields, error: null };
  } catch (error) {
    return { fields, error: `Avro decoding stopped at byte ${reader.at} in ${reader.field}: ${error.message}` };
  }
}

/** Records and enumerations by name, which a schema declares once and then refers to. */
export function namedTypes(schema, names = new Map()) {
  if (Array.isArray(schema)) schema.forEach((type) => namedTypes(type, names));
  else if (schema && typeof schema === "object") {
    if (schema.name && (schema.type === "record" || schema.type === "enum")) {
      names.set(schema.name, schema);
      if (schema.namespace) names.set(`${schema.namespace}.${schema.name}`, schema);
    }
    if (schema.type === "record") schema.fields.forEach((field) => namedTypes(field.type, names));
    else if (typeof schema.type === "object") namedTypes(schema.type, names);
    if (schema.items) namedTypes(schema.items, names);
  }
  return names;
}

/** The fields as a client has them after decoding: records within records. */
export function nested(schema, fields) {
  const whole = {}, header = schema.fields[0]?.name === "ChangeEventHeader" ? componentsOf(schema, schema.fields[0]).length : 0;
  fields.forEach(({ name, value }, i) => {
    const path = i < header ? ["ChangeEventHeader", name] : name.split(".");
    let place = whole;
    for (const part of path.slice(0, -1)) place = place[part] ??= {};
    place[path.at(-1)] = value === "record" && fields[i + 1]?.name.startsWith(`${name}.`) ? {} : value;
  });
  return whole;
}

/** The components of a compound field; none of another. */
export function componentsOf(schema, field) {
  const names = namedTypes(schema);
  const types = Array.isArray(field.type) ? field.type : [field.type];
  const record = types.map((type) => names.get(type) ?? type).find((type) => type.type === "record");
  return record?.fields ?? [];
}

class Part {
  constructor(type) { this.type = type; }
}

class Reader {
  constructor(bytes, names) { this.bytes = bytes; this.names = names; this.at = 0; this.field = ""; }

  resolve(type) { return this.names.get(type) ?? type; }

  byte() {
    if (this.at >= this.bytes.length) throw new Error("the payload ends inside a value");
    return this.bytes[this.at++];
  }

  long() {
    let bits = 0n, shift = 0n;
    for (;;) {
      const byte = this.byte();
      bits |= BigInt(byte & 0x7f) << shift;
      if (!(byte & 0x80)) break;
      shift += 7n;
      if (shift > 63n) throw new Error("a number is longer than ten bytes");
    }
    const value = (bits >> 1n) ^ -(bits & 1n);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  take(length) {
    if (length < 0 || length > this.bytes.length - this.at) throw new Error(`length ${length} exceeds the payload`);
    this.at += Number(length);
    return this.bytes.subarray(this.at - Number(length), this.at);
  }

  value(declared) {
    const type = this.resolve(declared);
    if (Array.isArray(type)) {
      const branch = this.long();
      if (!type[branch]) throw new Error(`branch ${branch} of ${type.length}`);
      return this.value(type[branch]);
    }
    switch (type.type ?? type) {
      case "null": return null;
      case "boolean": return this.byte() !== 0;
      case "int": case "long": return this.long();
      case "double": return new DataView(this.take(8).slice().buffer).getFloat64(0, true);
      case "float": return new DataView(this.take(4).slice().buffer).getFloat32(0, true);
      case "string": return text.decode(this.take(this.long()));
      case "bytes": return [...this.take(this.long())].map((b) => b.toString(16).padStart(2, "0")).join(" ");
      case "enum": {
        const symbol = type.symbols[this.long()];
        if (symbol === undefined) throw new Error("the symbol does not exist");
        return symbol;
      }
      case "array": {
        const items = [];
        for (;;) {
          let n = this.long();
          if (n === 0) return items;
          if (n < 0) { n = -n; this.long(); }
          for (let i = 0; i < n; i++) items.push(this.value(type.items));
        }
      }
      case "record": return new Part(type);
      default: throw new Error(`the type ${JSON.stringify(type)} is unknown`);
    }
  }
}

/** A field's type in short: `null | string`. */
export function typeName(type) {
  if (Array.isArray(type)) return type.map(typeName).join(" | ");
  if (typeof type === "string") return type;
  return type.logicalType ?? (type.type === "record" ? type.name : type.type === "array" ? `${typeName(type.items)}[]` : typeName(type.type));
}
