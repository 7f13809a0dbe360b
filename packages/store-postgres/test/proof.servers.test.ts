import { inject } from "vitest"
import { testProofs } from "../../../scripts/proof/tests.mjs"

testProofs("postgres", inject("postgresUrl"))
