import { laws } from "./laws.ts"
import { mutants } from "./mutants.ts"
import { prove } from "./prove.ts"

prove("the core", laws, mutants)
