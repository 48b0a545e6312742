import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '../../../src/image/digest.js';
import { containerPath, placesIn, stateName, unpackedPath } from '../../../src/image/roots/places.js';
import { compactOverlay, maximumData } from '../../../src/oci-cli/overlay.js';

test('an overlay of 127 layers fits into a page of options', () => {
  const places = placesIn('/var/lib/containerd-shim-jail/roots', 'overlay');
  const container = containerPath(places, 'f'.repeat(32));
  const lowers = Array.from({ length: 127 }, (_, index) => unpackedPath(places, sha256(String(index))));
  const options = [
    ...['index=off', 'redirect_dir=off', 'metacopy=off'],
    ...[`workdir=${container}/work`, `upperdir=${container}/upper`, `lowerdir=${lowers.join(':')}`],
  ];
  const { data } = compactOverlay(options);
  assert.ok(data.join(',').length <= maximumData, String(data.join(',').length));
});

test('a state has a name that file systems and ZFS take', () => {
  const names = Array.from({ length: 1000 }, (_, index) => stateName(sha256(String(index))));
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[A-Za-z0-9][A-Za-z0-9_-]{27}$/);
});
