/* A file of its own also when built: bundlers leave a file out whole, but not the classes in it. */
export { EigenvalueDecomposition, Matrix } from "ml-matrix";
