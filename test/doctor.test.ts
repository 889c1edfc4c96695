// doctor() and the command line: against this machine's /proc, in a namespace with changed settings, and without files.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { doctor, type DoctorGroup, type DoctorItem, type DoctorReport } from 'socket-linger';

import { renderDoctor } from '#cli/doctor-text.js';
import { examineByCommands, readCommand } from '#lib/doctor/commands.js';
import { retransmissionSeconds } from '#lib/doctor/linux-closing.js';
import { examineLinux } from '#lib/doctor/linux.js';
import { makeReport } from '#lib/doctor/report.js';

import { run, type Ended } from './support/command.js';
import { runInNamespace } from './support/namespace.js';
import { needsLinux, needsNamespace, skip } from './support/skip.js';

const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function itemsOf({ groups }: { groups: readonly DoctorGroup[] }): DoctorItem[] {
  return groups.flatMap((group) => group.items);
}

function find(report: { groups: readonly DoctorGroup[] }, name: string): DoctorItem {
  const item = itemsOf(report).find((one) => one.name === name);
  assert.ok(item !== undefined, `no item ${name}`);
  return item;
}

describe('doctor()', () => {
  it('reports what /proc has, with a meaning for each value', async function () {
    needsLinux(this, "reads Linux' /proc");
    const report = await doctor();
    assert.equal(report.platform, 'linux');
    assert.equal(report.release, os.release());
    const read = (file: string): number => Number(readFileSync(`/proc/sys/net/${file}`, 'utf8'));
    assert.equal(find(report, 'somaxconn').value, read('core/somaxconn'));
    assert.equal(find(report, 'tcp_fin_timeout').value, read('ipv4/tcp_fin_timeout'));
    const tcpRmem = readFileSync('/proc/sys/net/ipv4/tcp_rmem', 'utf8').trim().split('\t').map(Number);
    assert.deepEqual(find(report, 'tcp_rmem').value, tcpRmem);
    assert.equal(typeof find(report, 'ListenOverflows').value, 'number');
    assert.equal(typeof find(report, 'OutRsts').value, 'number');
    const items = itemsOf(report);
    assert.equal(new Set(items.map(({ name }) => name)).size, items.length, 'names are unique');
    for (const { name, meaning, value, unreadable, source } of items) {
      assert.ok(meaning.length > 0 && source.length > 0, name);
      assert.equal(value === null, unreadable !== undefined, name);
    }
    assert.equal(report.warnings, items.filter(({ warning }) => warning !== undefined).length);
  });

  it('counts the descriptors of this process, and knows its limit', async function () {
    needsLinux(this, "reads Linux' /proc");
    const report = await doctor();
    assert.ok((find(report, 'open descriptors').value as number) > 2);
    const [, soft] = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    assert.equal(String(find(report, 'RLIMIT_NOFILE, soft').value), soft);
  });

  it("computes the kernel's times of retransmission", () => {
    assert.equal(retransmissionSeconds(15), 924.6); // ip-sysctl.rst, tcp_retries2
    assert.equal(retransmissionSeconds(8), 102.2); // "8 corresponds to >100 seconds", tcp_orphan_retries()
    assert.equal(retransmissionSeconds(0), 0.2);
    assert.equal(retransmissionSeconds(10, 1000), 9.4); // tcp_rto_max_ms 1000: 0.2, 0.4, 0.8, then 8 times 1
  });

  describe('in a network namespace of its own', () => {
    const run = async (context: Mocha.Context, scenario: string): Promise<DoctorReport> => {
      needsNamespace(context);
      return runInNamespace<DoctorReport>('doctor-scenarios.js', scenario);
    };

    it("warns of nothing in the kernel's own settings", async function () {
      const report = await run(this, 'defaults');
      // The limits of machine and process are not the namespace's, and sizes of buffers are those of the machine.
      const others = ['Descriptors', 'Connection tracking', 'Buffers'];
      const own = report.groups.filter(({ title }) => !others.includes(title));
      assert.deepEqual(itemsOf({ groups: own }).filter(({ warning }) => warning !== undefined), []);
    });

    it('says that the settings of the machine are not shown there', async function () {
      const { value, unreadable } = find(await run(this, 'defaults'), 'tcp_max_orphans');
      if (value !== null) skip(this, 'this kernel shows tcp_max_orphans in every namespace');
      assert.match(unreadable!, /namespace/);
    });

    it('warns of settings that hurt', async function () {
      const report = await run(this, 'bad settings');
      const warned = [
        ...['tcp_orphan_retries', 'tcp_fin_timeout', 'tcp_retries2', 'tcp_max_tw_buckets', 'tcp_tw_reuse', 'somaxconn'],
        ...['tcp_abort_on_overflow', 'tcp_syncookies', 'tcp_wmem', 'tcp_rmem'],
      ];
      for (const name of warned) assert.ok(find(report, name).warning !== undefined, name);
      assert.match(find(report, 'tcp_orphan_retries').note!, /\b3 s/);
      assert.match(find(report, 'tcp_retries2').note!, /\b12\.6 s/);
      assert.match(find(report, 'ip_local_port_range').note!, /600 ports.* 10 /);
    });

    it('sees an accept queue that overflowed', async function () {
      const { value, warning } = find(await run(this, 'accept queue overflow'), 'ListenOverflows');
      assert.ok((value as number) >= 1);
      assert.match(warning!, /somaxconn/);
    });

    it('sees a connection that was closed with unread input', async function () {
      const { value, warning } = find(await run(this, 'unread input'), 'TCPAbortOnClose');
      assert.equal(value, 1);
      assert.match(warning!, /lingerClose/);
    });
  });

  describe('with a folder in the place of /proc', () => {
    let folder: string;
    const put = (file: string, text: string): void => {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
    };
    const look = (): DoctorReport =>
      makeReport({ platform: 'linux', release: '0', node: process.version }, examineLinux(folder));

    beforeEach(() => {
      folder = mkdtempSync(path.join(os.tmpdir(), 'socket-linger-doctor-'));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it('says of every value that it is not readable, and why, if there is nothing', () => {
      const report = look();
      const items = itemsOf(report);
      assert.ok(items.length > 30);
      assert.equal(report.warnings, 0);
      for (const { name, value, unreadable } of items) {
        assert.equal(value, null, name);
        assert.match(unreadable!, /no such file/, name);
      }
      assert.ok(report.groups.every(({ title }) => title !== 'Connection tracking'), 'no tracking, no group for it');
      assert.match(renderDoctor(report, false), /tcp_max_orphans +-\n +not readable: no such file/);
    });

    it('says what a file lacks, or that it holds something else', () => {
      put('net/netstat', 'TcpExt: ListenOverflows\nTcpExt: 3\n');
      put('net/sockstat', 'sockets: used 5\n');
      put('self/limits', 'Limit Soft Hard\n');
      put('sys/net/core/somaxconn', 'many\n');
      put('sys/net/ipv4/tcp_rmem', '');
      mkdirSync(path.join(folder, 'sys/net/ipv4/tcp_fin_timeout'));
      const report = look();
      assert.equal(find(report, 'ListenOverflows').value, 3);
      assert.match(find(report, 'ListenDrops').unreadable!, /has no ListenDrops/);
      assert.match(find(report, 'orphan').unreadable!, /has no TCP orphan/);
      assert.match(find(report, 'RLIMIT_NOFILE, soft').unreadable!, /Max open files/);
      assert.match(find(report, 'somaxconn').unreadable!, /no numbers/);
      assert.match(find(report, 'tcp_rmem').unreadable!, /no numbers/);
      assert.equal(find(report, 'tcp_fin_timeout').unreadable, 'EISDIR');
    });

    it('warns of limits that are nearly reached, and not before', () => {
      const sockstat = (orphans: number, timeWaits: number, pages: number): void =>
        put('net/sockstat', `TCP: inuse 1 orphan ${orphans} tw ${timeWaits} alloc 1 mem ${pages}\n`);
      const warned = (): string[] => itemsOf(look()).filter(({ warning }) => warning !== undefined).map(({ name }) => name);
      put('sys/net/ipv4/tcp_max_orphans', '400');
      put('sys/net/ipv4/tcp_max_tw_buckets', '400');
      put('sys/net/ipv4/tcp_ehash_entries', '-800');
      put('sys/net/ipv4/tcp_mem', '10 20 30');
      put('sys/net/netfilter/nf_conntrack_max', '100');
      put('sys/net/netfilter/nf_conntrack_count', '94');
      put('sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait', '60');
      put('self/limits', 'Max open files            1000                 2000                 files\n');
      put('sys/fs/file-nr', '1000\t0\t2000\n');
      for (let fd = 0; fd < 100; fd += 1) put(`self/fd/${fd}`, '');
      sockstat(100, 399, 20);
      assert.deepEqual(warned(), []);

      sockstat(101, 400, 21);
      put('sys/net/netfilter/nf_conntrack_count', '95');
      put('sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait', '4');
      put('sys/fs/file-nr', '1100\t0\t2000\n');
      const near = ['tcp_max_orphans', 'tcp_max_tw_buckets', 'tcp_mem', 'file-nr', 'nf_conntrack_max', 'nf_conntrack_tcp_timeout_close_wait'];
      assert.deepEqual(warned(), near);

      put('self/limits', 'Max open files            600                 2000                 files\n');
      assert.ok(warned().includes('RLIMIT_NOFILE, soft'));
      put('self/limits', 'Max open files            unlimited            unlimited            files\n');
      assert.equal(find(look(), 'RLIMIT_NOFILE, soft').value, 'unlimited');
      assert.ok(!warned().includes('RLIMIT_NOFILE, soft'));
    });

    it('warns of limits that were lowered below what the kernel chose', () => {
      put('sys/net/ipv4/tcp_max_orphans', '399');
      put('sys/net/ipv4/tcp_ehash_entries', '800');
      assert.match(find(look(), 'tcp_max_orphans').warning!, /400/);
    });
  });

  describe('on other systems', () => {
    it("takes the numbers out of a command's output, whatever its language", async () => {
      const text = 'Protokoll tcp Dynamischer Portbereich\\n-----\\nStartport : 49152\\nAnzahl von Ports : 16384\\n';
      const printing = [process.execPath, '-e', `process.stdout.write("${text}")`] as const;
      assert.deepEqual(await readCommand(printing), { value: [49152, 16384] });
    });

    it('says why a command tells nothing', async () => {
      assert.deepEqual(await readCommand(['no-such-command']), { unreadable: 'no-such-command: ENOENT' });
      const failing = await readCommand([process.execPath, '-e', 'console.error("unknown oid"); process.exit(1)']);
      assert.match((failing as { unreadable: string }).unreadable, /unknown oid/);
      const silent = await readCommand([process.execPath, '-e', '']);
      assert.match((silent as { unreadable: string }).unreadable, /no number/);
    });

    it('reports items for macOS, FreeBSD and Windows, and none elsewhere', async () => {
      for (const platform of ['darwin', 'freebsd', 'win32'] as const) {
        assert.ok(itemsOf({ groups: await examineByCommands(platform) }).length > 0, platform);
      }
      assert.deepEqual(await examineByCommands('aix'), []);
      const report = makeReport({ platform: 'aix', release: '7', node: process.version }, []);
      assert.match(renderDoctor(report, false), /Nothing can be read/);
    });
  });
});

describe('the command socket-linger', () => {
  const cli = (...args: string[]): Promise<Ended> => run(process.execPath, command, ...args);

  it('doctor prints the report in 80 columns, without escape sequences', async () => {
    const { status, stdout, stderr } = await cli('doctor');
    assert.equal(status, 0);
    assert.equal(stderr, '');
    assert.deepEqual(stdout.split('\n').filter((line) => line.length > 80), []);
    assert.equal(stdout.includes('\x1b'), false);
    for (const { name } of itemsOf(await doctor())) assert.ok(stdout.includes(`\n  ${name} `), name);
  });

  it('doctor marks warnings by a word, and names them at the end', () => {
    const item = { name: 'x', value: 1, source: '/x', meaning: 'means', warning: 'hurts' };
    const report = makeReport({ platform: 'linux', release: '6', node: 'v20' }, [{ title: 'T', items: [item] }]);
    const text = renderDoctor(report, false);
    assert.match(text, /! WARNING: hurts\n/);
    assert.match(text, /1 value read, 0 not readable\. 1 warning: x\.\n$/);
    const coloured = renderDoctor(report, true);
    assert.ok(coloured.includes('\x1b'));
    // eslint-disable-next-line no-control-regex -- colours begin with one
    assert.equal(coloured.replace(/\x1b\[\d+m/g, ''), text);
  });

  it('doctor --json prints what doctor() returns', async () => {
    const { status, stdout } = await cli('doctor', '--json');
    assert.equal(status, 0);
    const printed = JSON.parse(stdout) as DoctorReport;
    const shape = ({ platform, release, node, groups }: DoctorReport): unknown => ({
      ...{ platform, release, node },
      groups: groups.map(({ title, items }) => [title, items.map(({ name, unit, source, meaning }) => ({ name, unit, source, meaning }))]),
    });
    assert.deepEqual(shape(printed), shape(await doctor()));
  });

  it('doctor --strict ends with status 1 if there is a warning', async () => {
    const { status, stdout } = await cli('doctor', '--strict', '--json');
    assert.equal(status, (JSON.parse(stdout) as DoctorReport).warnings > 0 ? 1 : 0);
  });

  it('--help goes to stdout', async () => {
    const { status, stdout } = await cli('--help');
    assert.equal(status, 0);
    assert.match(stdout, /Usage: socket-linger doctor/);
  });

  for (const [args, word] of [[['patient'], 'patient'], [[], 'no command'], [['doctor', '--colour'], '--colour'], [['doctor', 'x'], 'doctor x']] as const) {
    it(`ends with status 2 for a wrong argument: ${args.join(' ') || 'none'}`, async () => {
      const { status, stdout, stderr } = await cli(...args);
      assert.equal(status, 2);
      assert.equal(stdout, '');
      assert.ok(stderr.includes(word), stderr);
      assert.match(stderr, /Usage: socket-linger/);
    });
  }

  it('is quiet when its reader has seen enough', async function () {
    if (process.platform === 'win32') skip(this, 'needs sh');
    const { stderr } = await run('sh', '-c', '"$1" "$2" doctor | true', 'sh', process.execPath, command);
    assert.equal(stderr, '');
  });
});
