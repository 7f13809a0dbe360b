import { inject } from "vitest"
import { testProofs } from "../../../scripts/proof/tests.mjs"

testProofs("redis", inject("redisUrl"))
