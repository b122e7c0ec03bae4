// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// The few orders to the test machine that these tests give; forge and halmos both know them.
interface Vm {
    function assume(bool condition) external pure;
    function warp(uint256 timestamp) external;
}

// Where the test machine listens: the last 20 bytes of keccak256("hevm cheat code").
Vm constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
