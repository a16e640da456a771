import { archive, FILE, LINK, TOOL, zip } from './archives.ts';

/** An archive that no host may unpack: what it does, how it is made, and a part of what is said about it. */
export interface HostileArchive {
  readonly what: string;
  readonly file: 'tool-1.tgz' | 'tool-1.zip';
  readonly make: () => Buffer;
  readonly why: string;
}

const tar = ([what, script, why]: readonly string[]): HostileArchive => ({
  what: what ?? '',
  file: 'tool-1.tgz',
  make: () => archive(script ?? ''),
  why: why ?? '',
});

const tool = { name: 't/tool', content: 'x', mode: FILE };
const zeros = Buffer.alloc(5 * 2 ** 20);

/** With `max_size: 4M`. */
export const HOSTILE_ARCHIVES: readonly HostileArchive[] = [
  ...[
    ['an absolute path', 'echo x >a; tar -cPf - "$PWD/a"', 'absolute'],
    ['a path with ..', 'mkdir t; echo x >a; cd t; tar -cPf - ../a', '..'],
    ['a link to an absolute path', 'mkdir t; ln -s /etc t/x; tar -cf - t', 'outside'],
    ['a link above the top', 'mkdir -p t/a; ln -s ../../b t/a/x; tar -cf - t', 'outside'],
    ['a link that is above the top only without the first folder', 'mkdir t; ln -s ../t2 t/x; tar -cf - t', 'outside'],
    ['a way out through another link', 'mkdir -p t/d; ln -s .. t/d/a; ln -s d/a/../etc t/x; tar -cf - t', 'outside'],
    [
      'writing through a link',
      'mkdir t; ln -s /tmp t/x; tar -cf a.tar t; rm t/x; mkdir t/x; echo x >t/x/y; tar -rf a.tar t/x/y; cat a.tar',
      'through a link',
    ],
    [
      'writing through a link to a folder of its own',
      'mkdir -p t/d; ln -s d t/x; tar -cf a.tar t; rm t/x; mkdir t/x; echo x >t/x/y; tar -rf a.tar t/x/y; cat a.tar',
      'through a link',
    ],
    [
      'writing through a link whose name is written in another way',
      'mkdir -p t/d; ln -s d t/x; tar -cf a.tar t; rm t/x; mkdir t/x; echo x >t/x/y; tar -rf a.tar ./t//x/./y; cat a.tar',
      'through a link',
    ],
    [
      'a link in the place of a folder',
      'mkdir -p t/x; echo x >t/x/y; tar -cf a.tar t; rm -r t/x; ln -s y t/x; tar -rf a.tar t/x; cat a.tar',
      'a folder too',
    ],
    [
      'a hard link to a file of the host',
      'mkdir t; echo x >t/a; ln t/a t/b; tar -cf - --transform="s,t/a,etc/passwd,hRS" t/a t/b',
      'a hard link to what is not in it',
    ],
    [
      'a hard link through a link',
      'mkdir -p t/d; echo x >t/d/a; ln -s d t/e; ln t/d/a t/f; tar -cf - --no-recursion --transform="s,t/d/a,t/e/a,hRS" t t/d t/d/a t/e t/f',
      'a hard link to what is not in it',
    ],
    ['a device', 'mkdir t; mkfifo t/p; tar -cf - t', 'neither a file'],
    [
      'a name with a line end',
      `mkdir t; touch "t/a
b"; tar -cf - t`,
      'line end',
    ],
    ['no archive', 'echo hello', 'damaged'],
    ['half an archive', `${TOOL} | head -c 200`, 'damaged'],
  ].map(tar),
  ...(
    [
      ['a path with ..', zip({ name: 't/../../x', mode: FILE }), 'a path with ..'],
      ['a path with .. of another system', zip({ name: 't\\..\\..\\x' }), 'a path with ..'],
      ['an absolute path', zip(tool, { name: '/etc/x', mode: FILE }), 'an absolute path'],
      ['a link to an absolute path', zip(tool, { name: 't/x', content: '/etc', mode: LINK }), 'leads outside'],
      ['a link above the top', zip(tool, { name: 't/a/x', content: '../../b', mode: LINK }), 'leads outside'],
      [
        'a way out through another link',
        zip(tool, { name: 't/d/a', content: '..', mode: LINK }, { name: 't/x', content: 'd/a/../etc', mode: LINK }),
        'leads outside',
      ],
      [
        'writing through a link',
        zip(tool, { name: 't/x', content: '/tmp', mode: LINK }, { name: 't/x/y', content: 'y', mode: FILE }),
        'through a link',
      ],
      ['the same name twice', zip(tool, tool), 'in it twice'],
      ['a link in the place of a file', zip(tool, { name: 't//tool', content: '.', mode: LINK }), 'in it twice'],
      ['a device', zip(tool, { name: 't/p', mode: 0o010644 }), 'neither a file'],
      ['a name with a line end', zip({ name: 't/a\nb', mode: FILE }), 'control character'],
      ['half of it', zip(tool, { name: 't/b', content: 'y'.repeat(99) }).subarray(0, 120), 'damaged'],
    ] as const
  ).map(([what, content, why]) => ({
    what: `${what}, in a zip archive`,
    file: 'tool-1.zip' as const,
    make: () => content,
    why,
  })),
  ...(
    [
      ['a decompression bomb', () => archive('mkdir t; head -c 50000000 /dev/zero >t/zeros; tar -czf - t'), 'max_size'],
      ['a bomb that claims to be small', () => zip({ name: 't/z', content: zeros, size: 10, mode: FILE }), 'max_size'],
      ['a bomb in a zip archive', () => zip({ name: 't/z', content: zeros, mode: FILE }), 'max_size'],
      [
        'a bomb of many small files',
        () => archive('mkdir t; seq -f t/%g 9000 | xargs touch; tar -czf - t'),
        'max_size',
      ],
      ['a bomb that is a hole', () => archive('mkdir t; truncate -s 5G t/hole; tar -czSf - t'), 'max_size'],
    ] as const
  ).map(([what, make, why]) => ({ what, file: 'tool-1.tgz' as const, make, why })),
];
