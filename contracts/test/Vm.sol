// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

/// The few orders to the test machine that these tests give. forge knows them all; those that proofs
/// give, halmos knows too.
interface Vm {
    function assume(bool condition) external pure;
    function warp(uint256 timestamp) external;
    function prank(address sender) external;
    function envString(string calldata name) external view returns (string memory);
    function deployCode(string calldata artifact, bytes calldata arguments) external returns (address);
}

// Where the test machine listens: the last 20 bytes of keccak256("hevm cheat code").
Vm constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
