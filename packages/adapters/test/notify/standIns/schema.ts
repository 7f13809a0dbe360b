import { Ajv } from "ajv"

/** What is wrong with a value by a JSON Schema, or null. Lengths are counted in characters. */
export const checkerOf = (schema: object): ((value: unknown) => string | null) => {
  const ajv = new Ajv({
    allErrors: true,
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
  })
  const validate = ajv.compile(schema)
  return (value) => (validate(value) ? null : ajv.errorsText(validate.errors))
}
