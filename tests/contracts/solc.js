// What forge needs of a native solc, done by npm's: `--version`, and standard JSON in and out.
// SOLC_MODULE is the package's folder, SOLC_VERSION its full version, which spares loading it.
const fs = require('fs');

const asked = process.argv.slice(2);
if (asked.includes('--version')) {
  const version = process.env.SOLC_VERSION.replace('.Emscripten.clang', '.Linux.g++');
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
} else if (asked.includes('--standard-json')) {
  process.stdout.write(require(process.env.SOLC_MODULE).compile(fs.readFileSync(0, 'utf8')));
} else {
  process.stderr.write(`this compiler only takes --version and --standard-json, not ${asked}\n`);
  process.exit(1);
}
