import { prove } from "../laws/prove.ts"
import { priceLaws } from "./priceLaws.ts"
import { priceMutants } from "./priceMutants.ts"

prove("prices", priceLaws, priceMutants)
