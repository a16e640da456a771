import { describe, expect, test } from 'vitest';
import { load, play } from './world.ts';

const CLUSTER = `# the example of the design
- name: The cluster's account and names
  hosts: cluster
  become: true
  vars: { cluster_user: hail }
  tasks:
    - name: Same account everywhere
      user: { name: "{{ cluster_user }}", uid: 2000, shell: /bin/bash }
      register: account

    - name: Every node's key is welcome on every node
      user: { name: "{{ cluster_user }}", key: "{{ item.results.account.ssh_public_key }}" }
      loop: groups.cluster.map(h, hosts[h])
      become_user: "{{ cluster_user }}"

- name: Spark workers
  hosts: spark_workers
  vars: { spark_home: /opt/spark }
  tasks:
    - name: Settings
      file: { src: templates/spark-env.sh.hbs, dest: "{{ spark_home }}/conf/spark-env.sh", mode: "0644" }
      notify: tell the operators
      when: facts.memory_mb >= 2048
  handlers:
    - name: tell the operators
      command: { argv: [logger, "spark settings changed"] }
`;

describe('a playbook', () => {
  const template = {
    'templates/spark-env.sh.hbs': 'SPARK_MASTER_HOST=spark-master\nPORT={{port}} CORES={{facts.cores}}\n',
  };

  test('becomes plays with hosts, tasks and handlers', () => {
    const { plays } = load(CLUSTER, { files: template });
    expect(plays.map(({ name, hosts }) => ({ name, hosts }))).toEqual([
      { name: "The cluster's account and names", hosts: ['spark-master', 'spark-worker1', 'spark-worker2'] },
      { name: 'Spark workers', hosts: ['spark-worker1', 'spark-worker2'] },
    ]);
    const tasks = plays.flatMap((each) => [...each.tasks, ...each.handlers]);
    expect(tasks.map(({ id, name }) => [id, name])).toEqual([
      [0, 'Same account everywhere'],
      [1, "Every node's key is welcome on every node"],
      [2, 'Settings'],
      [3, 'tell the operators'],
    ]);
    expect(tasks.map(({ become }) => become)).toEqual([true, true, false, false]);
    expect(tasks[0]?.register).toBe('account');
    expect(tasks[2]?.notify).toEqual(['tell the operators']);
    expect([...(tasks[2]?.args.names ?? [])].sort()).toEqual(['facts', 'port', 'spark_home']);
    expect(tasks[0]?.place).toMatchObject({ line: 7, column: 7 });
  });

  test('has a name for every play and task', () => {
    const { plays } = load(play('- user: { name: x }'));
    expect(plays[0]?.name).toBe('all');
    expect(plays[0]?.tasks[0]?.name).toBe('user');
  });
});
