/*
 * npm's mailauth, asked without a network: a question in JSON a line, an answer
 * in JSON a line. Octets come and go as Latin-1.
 *
 *	node mailauth.js NODE_MODULES
 */
'use strict';

const path = require('node:path');
const readline = require('node:readline');

const mtasts = require(path.join(process.argv[2], 'mailauth/lib/mta-sts.js'));

async function record(texts) {
	const resolver = async () => texts.map(text => [text]);
	return (await mtasts.resolvePolicy('a.test', { resolver })) || null;
}

function policy(body) {
	const p = mtasts.parsePolicy(Buffer.from(body, 'latin1'));
	return [p.mode, p.maxAge === undefined ? null : p.maxAge, p.mx || []];
}

function match(pattern, host) {
	return mtasts.validateMx(host, { mode: 'enforce', mx: [pattern] }).valid;
}

const answers = { record, policy, match };

async function main() {
	for await (const line of readline.createInterface({ input: process.stdin })) {
		const [kind, ...args] = JSON.parse(line);
		let answer;
		try {
			answer = await answers[kind](...args);
		} catch (err) {
			/* Errors of its own have a code: no policy. */
			if (!err.code)
				throw err;
			answer = null;
		}
		console.log(JSON.stringify(answer));
	}
}

main();
