// A Node participant on @grpc/grpc-js and the .proto files: registers, watches, gets the conflict.
// SPDX-License-Identifier: MIT
//
// usage: node participate.js PROTO_DIR HOST:PORT   (NODE_PATH finds @grpc/grpc-js and proto-loader)
'use strict';

const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [protoDir, address] = process.argv.slice(2);
const definition = loader.loadSync('confiture/v1/coordination_service.proto', {
	includeDirs: [protoDir, '/usr/include'], keepCase: true, enums: String, longs: Number,
});
const { CoordinationService } = grpc.loadPackageDefinition(definition).confiture.v1;
const client = new CoordinationService(address, grpc.credentials.createInsecure());

function register(agent, sql) {
	return new Promise((resolve, reject) => {
		client.RegisterIntent(
			{ project: 'node', agent_id: agent, feature_name: 'feature', schema_changes: sql },
			(error, answer) => (error ? reject(error) : resolve(answer)));
	});
}

const stream = client.WatchEvents({ project: 'node' });
const timeout = setTimeout(() => { console.error('no conflict came'); process.exit(1); }, 20000);
let alice = null;

stream.once('data', async () => {
	alice = await register('alice', 'ALTER TABLE users ADD COLUMN age int');
	await register('bob', 'DROP TABLE users');
});
stream.on('data', (message) => {
	for (const change of (message.event || { changes: [] }).changes) {
		if (change.kind !== 'conflict.detected') continue;
		if (change.conflict.intent_a !== alice.intent.id) process.exit(1);
		console.log('conflict', change.conflict.id);
		clearTimeout(timeout);
		stream.cancel();
		client.close();
	}
});
stream.on('error', (error) => {
	if (error.code === grpc.status.CANCELLED) return;
	console.error(String(error));
	process.exit(1);
});
