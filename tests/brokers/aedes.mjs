// SPDX-License-Identifier: Apache-2.0
// Aedes on 127.0.0.1 at the port that is named.
import { Aedes } from 'aedes'
import { createServer } from 'node:net'

const broker = await Aedes.createBroker()
createServer(broker.handle).listen(Number(process.argv[2]), '127.0.0.1')
