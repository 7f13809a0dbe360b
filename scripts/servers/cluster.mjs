// A real Redis Cluster for tests and benches: masters that share the slots evenly, and replicas if asked.
import { freePort, until } from "./ports.mjs"
import { connectOnce, startRedis } from "./redis.mjs"

const SLOTS = 16_384

/** Starts it and waits until every node calls it sound. */
export const startRedisCluster = async (options = {}) => {
  const { masters = 3, replicas = 0, aof = "no", settings = {} } = options
  const count = masters * (1 + replicas)
  const nodes = await Promise.all(Array.from({ length: count }, () => startNode(aof, settings)))
  const clients = await Promise.all(nodes.map(({ port }) => connectOnce(port)))
  try {
    await divide(clients.slice(0, masters))
    await introduce(clients, nodes)
    await until("a Redis Cluster", () => allSound(clients, count))
    await follow(clients, masters)
  } catch (error) {
    await Promise.all(nodes.map((node) => node.stop()))
    throw error
  } finally {
    for (const client of clients) client?.disconnect()
  }
  return {
    urls: nodes.slice(0, masters).map(({ url }) => url),
    nodes,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}

const startNode = async (aof, settings) => {
  const busPort = await freePort()
  const node = await startRedis({
    aof,
    settings: {
      "cluster-enabled": "yes",
      "cluster-port": busPort,
      "cluster-node-timeout": 2_000,
      "cluster-replica-validity-factor": 0,
      ...settings,
    },
  })
  // Not spread: its `pid` is that of the process which runs now.
  return Object.defineProperty(node, "busPort", { value: busPort })
}

const divide = (masters) =>
  Promise.all(
    masters.map(async (client, place) => {
      const first = Math.floor((place * SLOTS) / masters.length)
      const last = Math.floor(((place + 1) * SLOTS) / masters.length) - 1
      await client.cluster("ADDSLOTSRANGE", first, last)
      await client.cluster("SET-CONFIG-EPOCH", place + 1)
    }),
  )

const introduce = ([first], [, ...others]) =>
  Promise.all(others.map(({ port, busPort }) => first.cluster("MEET", "127.0.0.1", port, busPort)))

const allSound = async (clients, count) => {
  const infos = await Promise.all(clients.map((client) => client.cluster("INFO")))
  return infos.every(
    (info) =>
      info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${count}\r\n`),
  )
}

/** The nodes after the masters follow them in turn. */
const follow = async (clients, masters) => {
  const followers = clients.slice(masters)
  for (const [place, client] of followers.entries()) {
    const id = await clients[place % masters].cluster("MYID")
    await client.cluster("REPLICATE", id)
  }
  await until("a replica", async () => {
    const infos = await Promise.all(followers.map((client) => client.info("replication")))
    // The link is up before the first write comes over it: killed then, the master would leave nothing.
    return infos.every(
      (info) => info.includes("master_link_status:up") && !/slave_repl_offset:0\r?\n/.test(info),
    )
  })
}
