import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { oneOfEachRelease } from '../property/host.ts';
import { Playground } from './playground.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBlN9s0Lk5yX0w7S6y4g3Tn1WZzq2a8hJvYp5cKdRfQm';
const authorized = `authorized_key: { user: mallory, key: "${KEY}" }`;
const known = `known_host: { user: mallory, names: [node1], keys: ["${KEY}"] }`;
const sshKey = 'user: { name: mallory, ssh_key: ed25519 }';
const copy = (dest: string, rest = '') => `copy: { content: "planted\\n", dest: ${dest}${rest} }`;

/** What mallory plants, what root is asked to do, and what may come of it. */
const PLANTED: readonly [what: string, plant: string, task: string, outcome: 'refused' | 'done'][] = [
  ['~/.ssh leads to root’s', 'ln -s /root/.ssh .ssh', authorized, 'refused'],
  ['~/.ssh leads to /etc', 'ln -s /etc .ssh', known, 'refused'],
  ['~/.ssh leads to /etc, a key is made', 'ln -s /etc .ssh', sshKey, 'refused'],
  ['authorized_keys leads to root’s', 'mkdir .ssh; ln -s /root/.ssh/authorized_keys .ssh/', authorized, 'refused'],
  [
    'authorized_keys leads to a file to come',
    'mkdir .ssh; ln -s /etc/cron.d/x .ssh/authorized_keys',
    authorized,
    'refused',
  ],
  ['known_hosts leads to shadow', 'mkdir .ssh; ln -s /etc/shadow .ssh/known_hosts', known, 'refused'],
  ['id_ed25519 leads to a file to come', 'mkdir .ssh; ln -s /etc/cron.d/x .ssh/id_ed25519', sshKey, 'refused'],
  ['id_ed25519.pub leads to root’s', 'mkdir .ssh; ln -s /root/canary .ssh/id_ed25519.pub', sshKey, 'refused'],
  ['a file’s destination leads to passwd', 'ln -s /etc/passwd conf', copy('/home/mallory/conf'), 'done'],
  [
    'a template’s destination leads to passwd',
    'ln -s /etc/passwd conf',
    'template: { src: x.hbs, dest: /home/mallory/conf }',
    'done',
  ],
  ['a destination’s folder leads to /etc', 'ln -s /etc conf', copy('/home/mallory/conf/cron.d-x'), 'refused'],
  ['a folder above it leads to /', 'ln -s / up', copy('/home/mallory/up/etc/cron.d/x'), 'refused'],
  [
    'a folder leads to /etc, with an owner',
    'ln -s /etc conf',
    copy('/home/mallory/conf/x', ', owner: root'),
    'refused',
  ],
  [
    'a folder that is to be made leads to /etc',
    'ln -s /etc conf',
    'file: { path: /home/mallory/conf/x, state: directory }',
    'refused',
  ],
  [
    'a folder that is to be mallory’s is a link',
    'ln -s /etc own',
    'file: { path: /home/mallory/own, state: directory, owner: mallory, mode: "0700" }',
    'refused',
  ],
  [
    'what is to be removed leads to /etc',
    'ln -s /etc gone',
    'file: { path: /home/mallory/gone, state: absent }',
    'done',
  ],
  [
    'what is to be removed has links within',
    'mkdir -p a/b; ln -s /etc a/b/c; ln -s /root a/b/d',
    'file: { path: /home/mallory/a, state: absent }',
    'done',
  ],
  [
    'a hosts file leads to the system’s',
    'ln -s /etc/hosts hosts',
    'hosts_entry: { address: 10.6.6.6, names: [evil], path: /home/mallory/hosts }',
    'refused',
  ],
  ['a secret’s file leads to root’s', 'ln -s /root/canary s', 'secret: { path: /home/mallory/s }', 'refused'],
  [
    'a link’s place is a link to /etc',
    'ln -s /etc link',
    'file: { path: /home/mallory/link, state: link, target: /tmp }',
    'done',
  ],
];

describe.each(oneOfEachRelease())(
  '%s: root follows no link that a user planted (CVE-2024-9902, CVE-2026-11837)',
  (name) => {
    const ground = new Playground(name);
    const { host } = ground;
    /** All that only root may change, with times that nobody can set back. */
    const jewels = (): Promise<string> =>
      host.sh(`find /etc /root /usr /var/spool -xdev -printf '%p %m %u %g %s %T@ %C@ %l\\n' | sort`);

    beforeAll(() => host.sh('mkdir -p -m 700 /root/.ssh; echo canary >/root/canary; touch /root/.ssh/authorized_keys'));
    beforeEach(() => ground.freshMallory());
    afterAll(async () => {
      await host.sh('userdel -r mallory 2>/dev/null || :; rm -f /root/canary');
      await ground.close();
    });

    it.each(PLANTED)('%s', async (_what, plant, task, outcome) => {
      ground.write({ 'x.hbs': 'planted\n' });
      await ground.asMallory(`cd ~ && ${plant}`);
      const before = await jewels();
      const { tasks } = await ground.run([task]);
      expect(await jewels()).toBe(before);
      if (outcome === 'refused') {
        expect(tasks).toMatchObject([
          { status: 'ignored', error: { code: expect.stringMatching(/PATH_REFUSED|STEP_FAILED/) } },
        ]);
      } else {
        expect(tasks).toMatchObject([{ status: 'changed' }]);
        // What came of it is mallory's own, as mallory could have made it.
        expect(await host.sh('find /home/mallory ! -user mallory')).toBe('');
      }
    });

    it('and none that is put there at the very moment', async () => {
      await ground.asMallory(`cd ~; mkdir real; ln -s /etc evil; mkdir -p .ssh other
(while [ ! -e stop ]; do echo >>count
  mv -T real swap; mv -T evil real; mv -T real evil; mv -T swap real
  mv -T .ssh away; ln -s /etc .ssh; rm .ssh; mv -T away .ssh
done) >/dev/null 2>&1 &`);
      const before = await jewels();
      const many = Array.from({ length: 12 }, (_, n) => [
        copy(`/home/mallory/real/planted${n}`),
        `file: { path: /home/mallory/real/folder${n}/x, state: directory, mode: "0755" }`,
        `hosts_entry: { address: 10.6.6.${n}, names: [evil${n}], path: /home/mallory/real/hosts }`,
        authorized,
        known,
      ]).flat();
      try {
        const { tasks } = await ground.run(many);
        expect(tasks).toHaveLength(many.length);
      } finally {
        await ground.asMallory('touch ~/stop');
      }
      expect(await jewels()).toBe(before);
    });
  },
);
