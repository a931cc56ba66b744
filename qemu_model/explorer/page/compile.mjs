// Compile Python for the page: node compile.mjs PYODIDE PACKAGES.zip OUT.zip [LIBRARY.zip]
// Each .py of an archive becomes a .pyc that Python's zipimport takes as it is.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, packages, out, library] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(path.join(folder, "pyodide.mjs")).href);
const python = await loadPyodide({ indexURL: `${folder}/`, stdout: () => {} });
python.runPython(`
import importlib._bootstrap_external as loaders, zipfile

# What the page's Python never imports.
UNUSED = {
    "_pyrepl", "doctest", "email", "ensurepip", "ftplib", "http", "idlelib", "imaplib", "mailbox",
    "multiprocessing", "pdb", "poplib", "pydoc", "pydoc_data", "smtplib", "sqlite3", "test",
    "tkinter", "turtle", "unittest", "venv", "wsgiref", "xml", "xmlrpc",
}

def compiled(source, target, root, optimize, skip=frozenset()):
    with zipfile.ZipFile(source) as given, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as made:
        for entry in given.infolist():
            name = entry.filename
            if entry.is_dir() or name.split("/")[0].removesuffix(".py") in skip:
                continue
            data = given.read(entry)
            if name.endswith(".py"):
                code = compile(data, root + "/" + name, "exec", dont_inherit=True, optimize=optimize)
                name, data = name + "c", bytes(loaders._code_to_hash_pyc(code, bytes(8), False))
            made.writestr(zipfile.ZipInfo(name), data)
`);
const compile = (source, target, root, optimize, skip) => {
  python.FS.writeFile("/given.zip", fs.readFileSync(source));
  python.runPython(`compiled("/given.zip", "/made.zip", "${root}", ${optimize}, ${skip})`);
  fs.writeFileSync(target, python.FS.readFile("/made.zip"));
};
compile(packages, out, "/packages.zip", 0, "()");
if (library) compile(path.join(folder, "python_stdlib.zip"), library, "/library.zip", 2, "UNUSED");
process.exit(0);
